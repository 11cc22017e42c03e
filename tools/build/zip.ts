import type { ZipOptions } from "fflate";

/** Host system of a zip entry whose upper 16 attribute bits are the Unix file mode. */
const UNIX = 3;
const MODE = (0o100644 << 16) >>> 0;

/** Options of an entry, so that the same content gives the same bytes. */
export const entryOptions: ZipOptions = {
  // The earliest date that a zip can hold, in local time because zips know no time zone.
  mtime: new Date(1980, 0, 1),
  level: 9,
  os: UNIX,
  attrs: MODE,
};
