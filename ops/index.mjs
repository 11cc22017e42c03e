import { runTypeScript } from "../run-typescript.mjs";

// A warning about the SDK's next year on every command would hide what the command says.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
await runTypeScript("ops/main.ts");
