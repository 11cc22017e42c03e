/** Colours of Okabe and Ito, which are distinct for all kinds of colour vision; lighter ones on a dark page. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #575757; --paper: #fff; --panel: #f4f5f6; --line: #d5d8dc;
  --grave: #b3261e; --warn: #a85400; --change: #0072b2; --add: #00694e; --calm: #6b6b6b; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --soft: #a9adb2; --paper: #14171a; --panel: #1e2226;
  --line: #3a4047; --grave: #ff8a80; --warn: #f0a03c; --change: #56b4e9; --add: #4fd1a5; --calm: #a6a6a6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem 1.25rem 3rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: .1rem 0 .4rem; max-width: 60rem; }
h2 { font-size: 1.05rem; margin: 1.25rem 0 .4rem; }
p { margin: .3rem 0; max-width: 60rem; }
code, pre { font-family: ui-monospace, "Liberation Mono", monospace; font-size: .88em; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.counts { display: flex; flex-wrap: wrap; gap: .3rem .5rem; padding: 0; margin: .4rem 0; list-style: none; }
.label { display: inline-block; padding: 0 .5em; border: 1px solid currentColor; border-radius: 4px; font-size: .82rem;
  white-space: nowrap; }
.lost, .destroyed { --own: var(--grave); } .replaced, .forgotten { --own: var(--warn); }
.changed, .revised { --own: var(--change); } .created { --own: var(--add); } .moved, .depends { --own: var(--calm); }
.label { color: var(--own, var(--calm)); }
.panel { background: var(--panel); border-left: 4px solid var(--own, var(--calm)); border-radius: 4px; padding: .5rem .9rem;
  margin: .6rem 0; }
.panel h2 { margin-top: 0; } .panel ul { margin: 0; padding-left: 1.1rem; }
.scroll { overflow-x: auto; }
svg { display: block; max-width: none; }
svg text { fill: var(--ink); font-size: 12px; } svg text.soft { fill: var(--soft); font-size: 11px; }
svg .edge { fill: none; stroke: var(--calm); stroke-width: 1.2; } svg marker path { fill: var(--calm); }
svg.faint .edge { opacity: .35; }
.box rect { fill: var(--panel); stroke: var(--own); stroke-width: 1.5; } .box.depends rect { stroke-dasharray: 4 3; }
a:focus-visible .box rect { stroke-width: 3.5; }
form { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: center; margin: .5rem 0; }
input[type="search"] { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line);
  border-radius: 4px; padding: .25rem .5rem; width: min(22rem, 100%); }
button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 4px; }
details { border-bottom: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 2rem; }
summary { cursor: pointer; padding: .28rem .1rem; overflow-wrap: anywhere; }
summary .label { min-width: 6.2rem; text-align: center; margin-right: .5rem; }
pre { margin: .1rem 0 .6rem 1.2rem; white-space: pre-wrap; }
pre .add { color: var(--add); } pre .remove { color: var(--grave); } pre .change { color: var(--change); }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem .15rem 0; text-align: left; border-bottom: 1px solid var(--line); font-weight: 400; }
td { text-align: right; white-space: nowrap; }
a { color: inherit; }
:focus-visible { outline: 2px solid var(--change); outline-offset: 1px; }
@media print { form { display: none; } body { max-width: none; padding: 0; } details { content-visibility: visible; }
  svg { max-width: 100%; height: auto; } }
`;
