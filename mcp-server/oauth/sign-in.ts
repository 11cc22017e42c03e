import type { ClientDocuments } from "./client-document.ts";
import type { CognitoSignIn } from "./cognito.ts";
import type { Sealer } from "./seal.ts";

/** What the endpoints of the sign-in share. None of it changes with a request. */
export interface SignIn {
  /** Origin of this server, which is the issuer that clients see. */
  readonly publicUrl: URL;
  readonly sealer: Sealer;
  readonly documents: ClientDocuments;
  readonly cognito: CognitoSignIn;
}
