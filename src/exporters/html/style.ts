// How the evidence page looks: light and dark, phone and desktop, screen and paper. Must never fetch anything.

export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ground:#f4f5f7;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--good:#116329;--goodbg:#dafbe1;--bad:#a40e26;--badbg:#ffebe9;--warn:#7d4e00;--warnbg:#fff3d6;--link:#0550ae}
@media (prefers-color-scheme:dark){:root{--paper:#161b22;--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#30363d;--good:#7ee787;--goodbg:#12261e;--bad:#ffa198;--badbg:#3c1618;--warn:#f2cc60;--warnbg:#2e2410;--link:#79c0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
a{color:var(--link)}
.player:focus-visible,a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px}
#title:focus{outline:none}main>h2:first-child{margin-top:0}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--paper);padding:8px;z-index:1}
header,main,footer{max-width:1200px;margin:0 auto;padding:16px}
h1{font-size:1.6rem;margin:.2em 0}h2{font-size:1.25rem;margin:1.6em 0 .6em}h3{font-size:1.05rem;margin:1.2em 0 .4em}
.soft{color:var(--soft)}
.cards{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(240px,1fr))}
.card{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:12px 16px;min-width:0}
.card .word{font-size:1.3rem;font-weight:700;overflow-wrap:anywhere}
.card p{margin:.2em 0}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.badge{display:inline-block;border-radius:6px;padding:0 8px;font-weight:600;font-size:.85rem;border:1px solid currentColor}
.badge.good{background:var(--goodbg)}.badge.bad{background:var(--badbg)}.badge.warn{background:var(--warnbg)}
.findings{border-left:4px solid var(--bad);background:var(--badbg);padding:8px 16px;border-radius:4px}
.findings li,.notes li{overflow-wrap:anywhere;margin:.3em 0}
form{display:grid;gap:10px;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:12px 16px}
label{display:block;font-size:.85rem;color:var(--soft)}
input,select,button{font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:6px;padding:6px 8px;width:100%;min-height:40px}
button{width:auto;cursor:pointer}
form button{align-self:end}
.wide{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:8px 12px;color:var(--soft)}
th,td{text-align:left;padding:8px 12px;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-size:.85rem;color:var(--soft);white-space:nowrap}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
pre{margin:6px 0;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--ground);border:1px solid var(--line);border-radius:6px;padding:8px 12px;font:14px/1.45 ui-monospace,monospace}
code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
.statement{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:10px 16px;margin:10px 0}
.statement.now{outline:3px solid var(--link)}
.statement header{max-width:none;padding:0;display:flex;flex-wrap:wrap;gap:8px 16px;align-items:baseline}
details{margin:6px 0}summary{cursor:pointer;color:var(--soft);min-height:28px}
svg{display:block;width:100%;height:120px;background:var(--paper);border:1px solid var(--line);border-radius:8px}
svg .all{fill:var(--link)}svg .denied{fill:var(--bad)}.axis{display:flex;justify-content:space-between;flex-wrap:wrap;gap:0 16px;margin:4px 0;font-size:.85rem;font-variant-numeric:tabular-nums}
.player{background:#000;color:#ddd;border-radius:8px 8px 0 0;padding:10px;overflow:auto;font:14px/1.3 ui-monospace,monospace;white-space:pre}
.player .line{min-height:1.3em}
.controls{display:flex;flex-wrap:wrap;gap:8px;align-items:center;background:var(--paper);border:1px solid var(--line);border-top:0;border-radius:0 0 8px 8px;padding:8px}
.controls input[type=range]{flex:1 1 200px;width:auto;padding:0}.controls input[type=search]{flex:0 1 160px;width:auto}.controls select{width:auto}
.player .bold{font-weight:700}.player .dim{opacity:.7}.player .italic{font-style:italic}.player .underline{text-decoration:underline}.player .strike{text-decoration:line-through}
.player .inverse,.player .cursor{filter:invert(1);background:#000}
.hidden{display:none}
.marks li{margin:4px 0;overflow-wrap:anywhere}.marks li.now{outline:3px solid var(--link)}
@media (max-width:720px){.wide td{min-width:9ch}.sessions td{min-width:0}body{font-size:15px}header,main,footer{padding:12px}
.sessions thead{position:absolute;left:-9999px}.sessions tr{display:block;border-top:1px solid var(--line);padding:8px 0}.sessions td{display:flex;gap:12px;border:0;padding:2px 12px;text-align:left}.sessions td.number{text-align:left}.sessions td::before{content:attr(data-name);color:var(--soft);flex:0 0 7.5em}
dl{grid-template-columns:1fr}dt{margin-top:6px}}
@media print{:root{--paper:#fff;--ground:#fff;--ink:#000;--soft:#444;--line:#999;--good:#116329;--bad:#a40e26;--warn:#7d4e00;--link:#000}body{font-size:11pt}form,.controls,.player,.skip,.back{display:none}.statement,.card{break-inside:avoid}.wide{overflow:visible}th{white-space:normal}th,td{padding:4px 6px;overflow-wrap:break-word}.statement.now{outline:none}}
`;
