/** The tab on Airflow's page of a run, or of one of its tasks: the run of ours that Airflow's run planned. */

import { api, LIVE_MS, RequestError } from "src/api/client";
import { Frame } from "src/Frame";
import { Empty } from "src/parts/notices";
import { Ready } from "src/parts/Ready";
import { RunById } from "src/pages/run/RunPage";

interface Props {
  dagId: string;
  airflowRunId: string;
  stage?: string;
}

export function RunTab({ dagId, airflowRunId, stage }: Props) {
  const query = api.useQuery(
    "get",
    "/api/v1/runs/by-airflow",
    { params: { query: { dag_id: dagId, airflow_run_id: airflowRunId } } },
    // the task `plan` makes our run: until it has, there is none
    { refetchInterval: (last) => (last.state.data ? false : LIVE_MS) },
  );
  const error: unknown = query.error;
  const isMissing = error instanceof RequestError && error.status === 404;
  return (
    <Frame>
      {isMissing ? (
        <Empty title="This run of Airflow has planned no run of Caco yet">
          {dagId.startsWith("caco_")
            ? "Its task plan does that first; this page looks again every few seconds."
            : `${dagId} is none of Caco's DAGs.`}
        </Empty>
      ) : (
        <Ready query={query} what="the run">
          {(run) => <RunById runId={run.run_id} stage={stage} />}
        </Ready>
      )}
    </Frame>
  );
}
