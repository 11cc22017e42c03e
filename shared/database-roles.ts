/** The database role that the user provisioner signs in as; made by the first migration. */
export const userProvisionerRole = "chat_user_provisioner";
