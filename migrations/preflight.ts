import { USER_PROVISIONER_ROLE } from "../shared/database-roles.ts";

/**
 * Statements that try what a sign-in writes, as the role that writes it, and undo it.
 *
 * @param column what is selected of each `problem` and its `remedy`
 */
export const trySignIn = (column: string) => `begin;
grant ${USER_PROVISIONER_ROLE} to current_user;
set local role ${USER_PROVISIONER_ROLE};
select ${column} from public.chat_preflight_provisioner();
rollback;`;
