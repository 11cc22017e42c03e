/** The database role that the user provisioner signs in as; the first migration creates it. */
export const USER_PROVISIONER_ROLE = "chat_user_provisioner";
