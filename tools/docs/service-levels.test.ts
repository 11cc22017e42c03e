import { it } from "@jest/globals";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { MONITORING_PAGE, monitoringPage } from "./service-levels.ts";

it("the page's promises are those that the alarms watch", async () => {
  await expectUpToDate(MONITORING_PAGE, monitoringPage());
});
