#!/usr/bin/env node
// The command as npm installs it; everything else is in the bundle.
import('../dist/main.js');
