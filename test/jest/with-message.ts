/** Puts `message` before the error of a failed assertion: Jest's `expect` takes no message. */
export function withMessage(message: string, assertion: () => void): void {
  try {
    assertion();
  } catch (error) {
    if (error instanceof Error) error.message = `${message}\n\n${error.message}`;
    throw error;
  }
}
