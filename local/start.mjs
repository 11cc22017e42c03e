import { runTypeScript } from "../run-typescript.mjs";

await runTypeScript("local/start.ts");
