/**
 * The first file that Airflow loads: it looks for a component under the name of the app, which is the same for the entry of
 * its navigation and for the tabs of a run and of a task.
 */

import { QueryClientProvider } from "@tanstack/react-query";

import { queryClient } from "src/api/client";
import { Pages } from "src/Pages";
import { RunTab } from "src/pages/run/RunTab";

/** What Airflow says of the place where it shows the app; all are undefined in the navigation. */
interface HostProps {
  dagId?: string;
  runId?: string;
  taskId?: string;
}

function CacoApp({ dagId, runId, taskId }: HostProps) {
  return (
    <QueryClientProvider client={queryClient}>
      {dagId && runId ? <RunTab dagId={dagId} airflowRunId={runId} stage={taskId} /> : <Pages />}
    </QueryClientProvider>
  );
}

Reflect.set(globalThis, "Caco", CacoApp);
Reflect.set(globalThis, "AirflowPlugin", CacoApp);

export default CacoApp;
