// What Terraform asks, as far as it is read: see proto/. A call's fields are those of every type that it extends.
import type { WireValue } from "./value.ts";

type Wire = WireValue | null;

export interface TypeRequest {
  readonly type_name: string;
}

export interface ConfigureRequest {
  readonly config: Wire;
}

export interface ValidateRequest extends TypeRequest {
  readonly config: Wire;
  readonly client_capabilities?: { readonly write_only_attributes_allowed: boolean } | null;
}

export interface UpgradeRequest extends TypeRequest {
  readonly raw_state: WireValue | null;
}

export interface ReadRequest extends TypeRequest {
  readonly current_state: Wire;
  readonly private: Uint8Array;
}

export interface PlanRequest extends TypeRequest {
  readonly prior_state: Wire;
  readonly proposed_new_state: Wire;
  readonly config: Wire;
  readonly prior_private: Uint8Array;
}

export interface ApplyRequest extends TypeRequest {
  readonly prior_state: Wire;
  readonly planned_state: Wire;
  readonly config: Wire;
  readonly planned_private: Uint8Array;
}

export interface ImportRequest extends TypeRequest {
  readonly id: string;
}

export interface ReadDataRequest extends TypeRequest {
  readonly config: Wire;
}

export interface OpenRequest extends TypeRequest {
  readonly config: Wire;
}

export interface RenewRequest extends TypeRequest {
  readonly private?: Uint8Array;
}
