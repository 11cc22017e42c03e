// The lower bound: the query and nothing else.
import { serve } from "./handler.ts";

serve((_, rows) => ({ messages: rows }));
