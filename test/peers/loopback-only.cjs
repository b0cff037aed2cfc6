// Loaded before a foreign server that would listen on every address: it listens on loopback.
const { Server } = require('node:net');

const { listen } = Server.prototype;
Server.prototype.listen = function (port, ...rest) {
  const options = typeof port === 'object' ? { ...port, host: '127.0.0.1' } : { port, host: '127.0.0.1' };
  return listen.call(this, options, ...rest.filter((each) => typeof each === 'function'));
};
