/** Colours of Okabe and Ito, which are distinct for all kinds of colour vision; lighter ones on a dark page. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #575757; --paper: #fff; --panel: #f4f5f6; --line: #d5d8dc;
  --a: #0072b2; --b: #c44e00; --c: #6b6b6b; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --soft: #a9adb2; --paper: #14171a; --panel: #1e2226;
  --line: #3a4047; --a: #56b4e9; --b: #f0a03c; --c: #a6a6a6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul { max-width: 46rem; }
.soft, figcaption, small { color: var(--soft); }
.findings { background: var(--panel); border-left: 4px solid var(--a); padding: .75rem 1rem; border-radius: 4px; }
.findings li { margin: .35rem 0; }
.warning { border-left-color: var(--b); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { border-bottom: 2px solid var(--soft); }
td.number, th.number { text-align: right; white-space: nowrap; }
tbody th { font-weight: 400; }
td.open { color: var(--soft); font-style: italic; text-align: center; }
.figures tbody th { min-width: 13rem; }
.figures td { white-space: nowrap; }
tr.section th { font-weight: 600; background: var(--panel); }
figure { margin: 1rem 0 1.75rem; }
figcaption { font-size: .9rem; max-width: 46rem; margin-bottom: .5rem; }
figcaption strong { color: var(--ink); }
.plot { width: 100%; min-width: 38rem; height: auto; display: block; background: var(--panel); border-radius: 6px; }
.plot text { fill: var(--ink); font-size: 13px; }
.plot text.tick { fill: var(--soft); font-size: 11.5px; }
.plot .grid, .plot .rule { stroke: var(--line); stroke-width: 1; fill: none; }
.plot .median { stroke-width: 3; fill: none; stroke-linecap: round; }
.curve { fill: none; stroke-width: 1.6; opacity: .8; }
.side-A { --side: var(--a); } .side-B { --side: var(--b); } .side-C { --side: var(--c); }
.plot g[class^="side-"] { fill: var(--side); fill-opacity: .45; stroke: var(--side); }
.plot path.curve { stroke: var(--side); }
.side-C.curve { stroke-dasharray: 5 4; } .side-B.curve { stroke-dasharray: 12 3; }
.mark { width: .9em; height: .9em; vertical-align: -.1em; } .mark g { fill: var(--side); }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; }
a { color: var(--a); overflow-wrap: anywhere; }
code { font-size: .9em; }
`;
