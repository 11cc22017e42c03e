/** Names of the functions that the user pool invokes. The pool's owner finds them by these. */
export const triggerFunctionNames = (project: string) => ({
  userProvisioner: `${project}-chat-user-provisioner`,
  tokenEnhancement: `${project}-chat-token-enhancement`,
});
