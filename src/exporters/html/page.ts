// The evidence page's own script: overview, timeline, filters, session pages. It makes nodes and text, never markup, from what it was given.

export const PAGE_JS = String.raw`
const when=time=>(time||'').slice(0,19).replace('T',' ');
const GOOD=new Set(['VALID','COMPLETE','COVERED']);
const tone=word=>GOOD.has(word)?'good':word==='NOT CHECKED'?'soft':'bad';
const decisionTone={allow:'good',ask:'warn',deny:'bad'};
const badge=(word,kind)=>el('span',{class:'badge '+kind},shown(word));
function grid(name,headings,rows,numbers){
  const cls=index=>numbers.includes(index)?'number':undefined;
  return el('div',{class:'wide'},el('table',{class:name},
    el('thead',{},el('tr',{},headings.map((each,index)=>el('th',{scope:'col',class:cls(index)},each)))),
    el('tbody',{},rows.map(row=>el('tr',{},row.map((each,index)=>el('td',{class:cls(index),'data-name':headings[index]},typeof each==='object'?each:shown(each))))))));
}
const MEANS={
  INTEGRITY:'nothing that is here was altered, and each signature belongs to the person it names',
  COMPLETENESS:'nothing that was signed is missing, as far as chains, seals and witnesses show',
  COVERAGE:'whether the targets saw sessions that are not here; needs the targets’ own logs'};
function verdictCards(v){
  const card=(name,word)=>el('div',{class:'card'},el('p',{class:'soft'},name),el('p',{class:'word '+tone(word)},word),el('p',{class:'soft'},MEANS[name]));
  return el('div',{class:'cards'},card('INTEGRITY',v.integrity.verdict),card('COMPLETENESS',v.completeness.verdict),card('COVERAGE',v.coverage.verdict));
}
function gaps(v){
  const all=[...v.integrity.findings,...v.completeness.findings,...(v.coverage.findings||[])];
  const parts=[];
  if(all.length===0)parts.push(el('p',{},'No gap and no alteration was found.'));
  else parts.push(el('ul',{class:'findings'},all.slice(0,500).map(each=>el('li',{},el('strong',{},each.verdict),' ('+each.step+') '+shown(each.reason),el('br'),el('code',{},shown(each.file))))));
  if(all.length>500||v.unlisted>0)parts.push(el('p',{class:'bad'},(all.length-Math.min(all.length,500)+v.unlisted)+' more are not listed here.'));
  if(DATA.omitted.sessions>0)parts.push(el('p',{class:'bad'},'This page is full: '+DATA.omitted.sessions+' sessions are listed without their content. Export a shorter span, or use the format bundle.'));
  if(v.notes.length>0)parts.push(el('details',{},el('summary',{},v.notes.length+' notes'),el('ul',{class:'notes'},v.notes.map(each=>el('li',{},shown(each.text),el('br'),el('code',{},shown(each.file)))))));
  return parts;
}
const NS='http://www.w3.org/2000/svg';
function timeline(rows){
  const svg=document.createElementNS(NS,'svg');
  const times=rows.map(row=>Date.parse(row.opened));
  const from=times.reduce((a,b)=>Math.min(a,b),Infinity),to=times.reduce((a,b)=>Math.max(a,b),from+1);
  const count=48,width=960,height=120;
  const buckets=Array.from({length:count},()=>({all:0,denied:0}));
  rows.forEach((row,index)=>{
    const bucket=buckets[Math.min(count-1,Math.floor((times[index]-from)/(to-from)*count))];
    bucket.all+=row.statements;bucket.denied+=row.denied;
  });
  const most=Math.max(1,...buckets.map(each=>each.all));
  svg.setAttribute('viewBox','0 0 '+width+' '+height);
  svg.setAttribute('preserveAspectRatio','none');
  svg.setAttribute('role','img');
  svg.setAttribute('aria-label',rows.length+' sessions from '+when(rows.length?new Date(from).toISOString():'')+' to '+when(rows.length?new Date(to).toISOString():''));
  const bar=(x,value,name)=>{
    if(!value)return;
    const rect=document.createElementNS(NS,'rect');
    const h=Math.max(2,value/most*(height-16));
    rect.setAttribute('x',x);rect.setAttribute('y',height-6-h);rect.setAttribute('width',width/count-3);rect.setAttribute('height',h);rect.setAttribute('class',name);
    svg.append(rect);
  };
  buckets.forEach(({all,denied},index)=>{bar(index*width/count,all,'all');bar(index*width/count,denied,'denied');});
  if(!rows.length)return svg;
  const ends=[from,times.length>1?to:from].map(time=>el('span',{},when(new Date(time).toISOString())));
  return el('div',{},svg,el('p',{class:'axis soft'},rows.length>1?ends:ends[0]));
}
const FILTERS=[['user','Person',row=>[row.user]],['bot','Bot',row=>row.bot?[row.bot]:[]],['model','Model',row=>row.models],['connection','Connection',row=>[row.connection]],['rule','Policy',row=>row.policies],['decision','Decision',row=>row.decisions],['type','Data type',row=>row.types]];
const chosen={text:''};
const blockOf=id=>document.querySelector('script[data-session="'+id+'"]');
function matching(){
  const needle=chosen.text.toLowerCase();
  return DATA.sessions.filter(row=>FILTERS.every(([key,,of])=>!chosen[key]||of(row).includes(chosen[key]))
    &&(!needle||JSON.stringify(row).toLowerCase().includes(needle)||(blockOf(row.id)?read(blockOf(row.id)).statements.some(s=>s.text.toLowerCase().includes(needle)):false)));
}
function overview(){
  const results=el('section',{'aria-live':'polite'});
  const update=()=>{
    const rows=matching();
    results.replaceChildren(el('h2',{},'Timeline'),timeline(rows),el('p',{class:'soft'},'Statements over time; refused ones are drawn in front.'),
      el('h2',{},rows.length+' of '+DATA.sessions.length+' sessions'),sessionTable(rows.slice(0,2000)),rows.length>2000?el('p',{class:'bad'},(rows.length-2000)+' more sessions: narrow them with the filters.'):'');
  };
  const form=el('form',{'aria-label':'filters'});
  form.addEventListener('submit',event=>event.preventDefault());
  const text=el('input',{type:'search',id:'f-text',value:chosen.text});
  text.addEventListener('input',()=>{chosen.text=text.value;update();});
  form.append(el('div',{},el('label',{for:'f-text'},'Text'),text));
  for(const [key,name,of] of FILTERS){
    const values=[...new Set(DATA.sessions.flatMap(of))].sort();
    const select=el('select',{id:'f-'+key},el('option',{value:''},'any'),values.map(value=>el('option',{value},shown(value))));
    select.value=chosen[key]||'';
    select.disabled=values.length===0;
    select.addEventListener('change',()=>{chosen[key]=select.value;update();});
    form.append(el('div',{},el('label',{for:'f-'+key},name),select));
  }
  const clear=el('button',{type:'button'},'Clear');
  clear.addEventListener('click',()=>{for(const key of Object.keys(chosen))chosen[key]='';render();});
  form.append(clear);
  const {checked,signers}=DATA.verdicts;
  main.replaceChildren(el('h2',{},'Verdicts'),verdictCards(DATA.verdicts),el('h2',{},'Gaps and findings'),...gaps(DATA.verdicts),
    el('h2',{},'What was checked'),
    facts([['signatures',String(checked.statements)],['sealed sessions',String(checked.sessions)],['events',String(checked.events)],['blobs',String(checked.blobs)],
      ['people',[...new Set(signers.map(each=>each.sub+' at '+each.iss))].join(', ')],['store',DATA.store.url+' ('+DATA.store.id+')'],
      ['asked for',Object.entries(DATA.filters).map(([name,value])=>name+' '+value).join(', ')||'everything']]),
    ...(DATA.attempts.length?[el('h2',{},'Refused before they opened'),grid('sessions',['Time','Person','Connection','Policies','Reason'],DATA.attempts.map(each=>[when(each.time),each.user,each.connection,each.policies.join(', '),each.code]),[])]:[]),
    el('h2',{},'Filters'),form,results,el('h2',{},'Ledger'),ledger());
  update();
}
function ledger(){
  const rows=DATA.ledger;
  return el('details',{},el('summary',{},rows.length+' signed statements, in the order of their files'),
    grid('sessions',['Time','Kind','Person','Number','File','SHA-256'],rows.slice(0,2000).map(each=>[when(each.time),each.kind,each.user,String(each.seq),el('code',{},shown(each.key)),el('code',{},each.sha256)]),[3]),
    rows.length>2000?el('p',{class:'bad'},(rows.length-2000)+' more are in the format csv.'):'');
}
function sessionTable(rows){
  const link=row=>el('a',{href:'#s/'+row.id},row.id);
  return grid('sessions',['Session','Opened','Person','Connection','Statements','Refused','Asked','Masked','End'],
    rows.map(row=>[link(row),when(row.opened),row.bot?row.bot+' for '+row.user:row.user,row.connection,String(row.statements),row.denied?badge(String(row.denied),'bad'):'0',row.asked?badge(String(row.asked),'warn'):'0',String(row.masked),row.end]),[4,5,6,7]);
}
function sampleTable({columns,sample}){
  return el('details',{},el('summary',{},(sample.length===1?'1 row as it was':sample.length+' rows as they were')+' recorded, masked'),grid('',columns.length?columns:(sample[0]||[]).map((_,i)=>String(i+1)),sample.map(row=>row.map(cell=>cell===null?'NULL':cell)),[]));
}
function statement(told){
  const {answer,approval}=told;
  const parts=[el('header',{},badge(told.decision,decisionTone[told.decision]||'soft'),el('span',{class:'soft'},when(told.time)),told.policies.length?el('span',{},'by '+shown(told.policies.join(', '))):el('span',{},'by default: nothing allowed it'))];
  parts.push(el('pre',{},told.text===''?'(a text recorded before, sha256 '+told.digest+')':shown(told.text)));
  if(told.parameters.length)parts.push(el('p',{class:'soft'},'parameters: '+shown(JSON.stringify(told.parameters))));
  parts.push(el('p',{class:'soft'},shown(told.actions.map(each=>each.action+' '+each.resource).join(', '))));
  if(approval)parts.push(el('p',{},'approval '+shown(approval.id)+': ',badge(approval.outcome,approval.outcome==='used'?'good':'bad'),' · '+(approval.strength?shown(approval.strength)+' · ':'')+'after '+(approval.waited/1e6).toFixed(1)+' s'+(approval.people.length?' · by '+shown(approval.people.join(', ')):'')));
  if(answer){
    parts.push(el('p',{},'→ '+[answer.status,answer.sqlstate,answer.tag,answer.message,answer.rows===1?'1 row':answer.rows+' rows',answer.masked?answer.masked+' masked':'',(answer.micros/1000).toFixed(1)+' ms'].filter(Boolean).map(shown).join(' · ')));
    if(answer.sample.length)parts.push(sampleTable(answer));
  }else parts.push(el('p',{class:'soft'},'no answer was recorded'));
  return el('article',{class:'statement',id:'e'+told.seq},parts);
}
const LEVELS={P0:'nothing is known of who asked for it',P1:'the host has named itself',P2:'the host says which call or model it was',P3:'a recorded exchange with a model holds exactly this',P4:'and the statements under it are on record'};
const levelTone={P4:'good',P3:'good',P2:'warn'};
function origin(uses,by){
  const [use]=uses;
  if(!use)return [];
  const {exchange}=use;
  const model=(exchange.answered||'nobody says who')+(exchange.asked&&exchange.asked!==exchange.answered?', asked as '+exchange.asked:'')+' · '+exchange.api;
  return [['prompt',exchange.said||'sha256 '+exchange.prompt],['model',model],['generated',use.id+' '+use.name+' · '+by],
    ['in',el('a',{href:'#s/'+exchange.session},shown(exchange.session+', event '+exchange.seq))],
    ...(uses.length>1?[['or',(uses.length-1)+' more that cannot be told apart: '+uses.slice(1).map(each=>each.id).join(', ')]]:[])];
}
const jump=(seq,text)=>{
  const link=el('a',{href:'#'},text);
  link.addEventListener('click',event=>{event.preventDefault();const node=document.getElementById('e'+seq);if(node){node.scrollIntoView();node.focus();}});
  return link;
};
function chain(told,content){
  const texts=new Map(content.statements.map(each=>[each.seq,each]));
  const line=seq=>{const s=texts.get(seq);return s?s.decision+' · '+s.text+' · '+(s.answer?s.answer.rows+' rows'+(s.answer.masked?', '+s.answer.masked+' masked':''):'no answer'):'beyond what this page holds';};
  const ran=each=>el('li',{},jump(each.seq,shown(line(each.seq))),each.sameText?' — the very text the model generated':each.candidates.length>1?' — of one of the calls '+each.candidates.join(', ')+': they ran at once':'');
  const head=(level,text)=>el('header',{},badge(level,levelTone[level]||'soft'),el('span',{},shown(text)),el('span',{class:'soft'},LEVELS[level]));
  const parts=told.calls.slice(0,500).map(call=>el('article',{class:'statement'},head(call.level,'call '+call.statement+' · '+call.method+' '+call.name),
    facts([...call.claims.map(each=>['claim',each.subject+' '+each.value+' · '+each.source]),...origin(call.uses,call.by==='id'?'same id, same arguments':'same arguments; the host gave no id')]),
    call.conflicts.map(each=>el('p',{class:'bad'},'conflict: '+shown(each))),
    el('p',{},jump(call.seq,'the call itself')),call.statements.length?el('ul',{},call.statements.map(ran)):''));
  for(const each of told.direct.slice(0,500))parts.push(el('article',{class:'statement'},head(each.level,'run without a call'),facts(origin(each.uses,'the very text')),el('ul',{},el('li',{},jump(each.seq,shown(line(each.seq)))))));
  const more=Math.max(0,told.calls.length-500)+Math.max(0,told.direct.length-500);
  return [el('h3',{},'Provenance'),el('p',{class:'soft'},'Joined from what was recorded; claims are marked as such. '+told.claims.map(each=>each.subject+' '+each.value+' ('+each.source+')').map(shown).join(', ')),...parts,
    ...(more?[el('p',{class:'bad'},more+' more are not drawn here.')]:[])];
}
let playing;
function session(id){
  const row=DATA.sessions.find(each=>each.id===id);
  const back=el('p',{class:'back'},el('a',{href:'#'},'← all sessions'));
  if(!row){main.replaceChildren(back,el('p',{},'There is no such session here.'));return;}
  const block=blockOf(id);
  const head=[back,el('h2',{tabindex:'-1',id:'title'},'Session '+id),el('div',{class:'card'},facts(row.facts.map(([name,value])=>[name,value]))),];
  if(!block){main.replaceChildren(...head,el('p',{class:'bad'},'Its content is not on this page. Export a shorter span, or use the format bundle.'));return;}
  const content=read(block);
  const parts=[...head];
  if(content.cut)parts.push(el('p',{class:'bad'},shown(content.cut)));
  const list=content.statements.map(statement);
  content.casts.forEach((cast,index)=>{
    const marks=content.statements.map(each=>Date.parse(each.time)/1000-cast.start).map(each=>Math.max(0,each));
    playing=player(cast,marks,current=>list.forEach((node,at)=>node.classList.toggle('now',at===current)));
    parts.push(el('h3',{},content.casts.length>1?'Terminal '+(index+1):'Terminal'),playing.node,el('p',{class:'soft'},'Shown without anything that could act on a terminal. The recording as it was hashed is in the format bundle.'));
  });
  if(content.coverage.length)parts.push(el('h3',{},'Masking'),grid('sessions',['What','Seen','Masked by origin','Masked by content','Masked because unknown','Masked whole','Not looked at','Why'],content.coverage.map(each=>[each.subject,String(each.seen),String(each.lineage),String(each.content),String(each.unknown),String(each.unmaskable),String(each.skipped),each.why]),[1,2,3,4,5,6]));
  const told=Object.hasOwn(DATA.provenance,id)?DATA.provenance[id]:undefined;
  if(told)parts.push(...chain(told,content));
  parts.push(el('h3',{},content.statements.length+' statements'),...list);
  if(content.others.length)parts.push(el('h3',{},'Other events'),grid('sessions',['Time','Event','What'],content.others.map(each=>[when(each.time),each.type,each.what]),[]));
  main.replaceChildren(...parts);
}
function render(){
  if(playing)playing.stop();
  playing=undefined;
  const [,id]=/^#s\/([A-Za-z0-9_-]+)$/.exec(location.hash)||[];
  if(id)session(id);else overview();
}
// What is folded away is on paper all the same.
window.addEventListener('beforeprint',()=>{for(const each of document.querySelectorAll('details'))each.open=true;});
window.addEventListener('hashchange',()=>{render();window.scrollTo(0,0);const title=document.getElementById('title');if(title)title.focus();});
render();
`;
