// The transcript player of the evidence page, as the page's own script. It draws a sanitised recording on a screen model, as text only.
import { VtScreen } from '../../lib/vt-screen.ts';

/** `player(cast, marks, onMark)`: a DOM node. `cast`: {columns, rows, events: [[seconds, code, data]]}; `marks`: seconds of statements. */
const PLAYER_JS = String.raw`
const BASE=['#000000','#cd3131','#0dbc79','#e5e510','#2472c8','#bc3fbc','#11a8cd','#e5e5e5','#666666','#f14c4c','#23d18b','#f5f543','#3b8eea','#d670d6','#29b8db','#ffffff'];
function colourOf(name){
  if(name[0]==='#')return name;
  const n=Number(name);
  if(n<16)return BASE[n];
  if(n>231){const g=8+(n-232)*10;return 'rgb('+g+','+g+','+g+')';}
  const part=v=>v===0?0:55+v*40;
  const c=n-16;
  return 'rgb('+part(Math.floor(c/36))+','+part(Math.floor(c/6)%6)+','+part(c%6)+')';
}
function drawScreen(node,screen){
  const lines=screen.runs().map(runs=>{
    const line=document.createElement('div');
    line.className='line';
    for(const {text,style} of runs){
      const span=document.createElement('span');
      span.textContent=text;
      for(const word of style.split(' ')){
        const [,side,colour]=/^([fb])(\d+|#[0-9a-f]{6})$/.exec(word)||[];
        if(side==='f')span.style.color=colourOf(colour);
        else if(side==='b')span.style.backgroundColor=colourOf(colour);
        else if(word)span.classList.add(word);
      }
      line.append(span);
    }
    return line;
  });
  node.replaceChildren(...lines);
}
function clockOf(seconds){
  const whole=Math.floor(seconds);
  return Math.floor(whole/60)+':'+String(whole%60).padStart(2,'0');
}
function player(cast,marks,onMark){
  const length=cast.events.length?cast.events[cast.events.length-1][0]:0;
  const box=el('div');
  const screen=el('div',{class:'player',role:'group',tabindex:'0','aria-label':'terminal recording'});
  const button=(label,action)=>{const b=el('button',{type:'button'},label);b.addEventListener('click',action);return b;};
  const seek=el('input',{type:'range',min:'0',max:String(Math.max(length,0.001)),step:'any',value:'0','aria-label':'place in the recording'});
  const speed=el('select',{'aria-label':'speed'});
  for(const each of ['0.5','1','2','4','8','16'])speed.append(el('option',{value:each},each+'×'));
  speed.value='1';
  const time=el('span',{class:'soft'});
  let vt,at=0,now=0,timer;
  const restart=()=>{vt=new VtScreen(cast.columns,cast.rows);at=0;};
  const advance=until=>{
    for(;at<cast.events.length&&cast.events[at][0]<=until;at++){
      const [,code,data]=cast.events[at];
      if(code==='o')vt.write(data);
      else{const [c,r]=data.split('x').map(Number);if(code==='r')vt.resize(c,r);else vt=new VtScreen(c,r);}
    }
  };
  const show=()=>{
    drawScreen(screen,vt);
    seek.value=String(now);
    time.textContent=clockOf(now)+' / '+clockOf(length);
    let current=-1;
    marks.forEach((mark,index)=>{if(mark<=now+0.001)current=index;});
    onMark(current);
  };
  const go=to=>{
    now=Math.max(0,Math.min(length,to));
    if(at>0&&cast.events[at-1][0]>now)restart();
    advance(now);
    show();
  };
  const stop=()=>{clearInterval(timer);timer=undefined;toggle.textContent='Play';};
  const play=()=>{
    if(now>=length){restart();now=0;}
    let before=performance.now();
    toggle.textContent='Pause';
    timer=setInterval(()=>{
      const tick=performance.now();
      // A pause longer than two seconds is cut to two.
      const next=at<cast.events.length?cast.events[at][0]:length;
      let step=(tick-before)/1000*Number(speed.value);
      if(next-now>2)step=Math.max(step,next-now-2);
      before=tick;
      go(now+step);
      if(now>=length)stop();
    },50);
  };
  const toggle=button('Play',()=>timer===undefined?play():stop());
  const step=by=>()=>{
    stop();
    const place=by>0?marks.find(mark=>mark>now+0.001):[...marks].reverse().find(mark=>mark<now-0.001);
    if(place!==undefined)go(place);else if(by<0)go(0);else go(length);
  };
  seek.addEventListener('input',()=>go(Number(seek.value)));
  const needle=el('input',{type:'search','aria-label':'text to find in the recording',placeholder:'Find'});
  const found=el('span',{class:'soft',role:'status'});
  const find=()=>{
    const text=needle.value.toLowerCase();
    if(!text)return;
    stop();
    let tail='';
    const look=(from,to)=>{
      for(let index=from;index<to;index++){
        const [when,code,data]=cast.events[index];
        if(code!=='o')continue;
        const written=(tail+data.replace(/\u001b(?:\[[?\d;:]*[@-~]|[^[])|[\b\r]/g,'')).toLowerCase();
        if(written.includes(text))return when;
        tail=text.length>1?written.slice(1-text.length):'';
      }
    };
    // From the start again when nothing comes after this.
    const next=look(at,cast.events.length);
    const place=next===undefined?look(0,at):next;
    found.textContent=place===undefined?'not found':next===undefined?'found, from the start again':'found';
    if(place!==undefined)go(place);
  };
  needle.addEventListener('keydown',event=>{if(event.key==='Enter'){event.preventDefault();find();}});
  screen.addEventListener('keydown',event=>{
    if(event.key===' ')toggle.click();
    else if(event.key==='ArrowLeft'||event.key==='ArrowRight')go(now+(event.key==='ArrowLeft'?-5:5));
    else return;
    event.preventDefault();
  });
  box.append(screen,el('div',{class:'controls'},toggle,button('Previous statement',step(-1)),button('Next statement',step(1)),seek,speed,time,needle,button('Find next',find),found));
  restart();
  go(length);
  return {node:box,go,stop};
}
`;

/** Made when asked for: the class's own text depends on how this program was built. */
export function playerScript(): string {
  return `const VtScreen=${VtScreen.toString()};\n${PLAYER_JS}`;
}
