import stackTrace from "cdktf/lib/tokens/private/stack-trace.js";

// cdktf keeps a stack trace of each token, which Jest maps to the sources: a third of the time that synthesis takes.
stackTrace.captureStackTrace = () => [];
