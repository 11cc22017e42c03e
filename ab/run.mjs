import { runTypeScript } from "../run-typescript.mjs";

await runTypeScript("ab/main.ts");
