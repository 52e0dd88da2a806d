/** One run: its funnel, what it cost, its gate and dry run, how varied its samples are, and with what settings it ran. */

import { useParams } from "react-router-dom";

import { api, LIVE_MS } from "src/api/client";
import { Ready } from "src/parts/Ready";
import { RunView } from "src/pages/run/RunView";

export function RunPage() {
  const { runId = "" } = useParams();
  return <RunById runId={runId} />;
}

/** A run by its id, looked at again while it is under way. */
export function RunById({ runId, stage }: { runId: string; stage?: string }) {
  const query = api.useQuery(
    "get",
    "/api/v1/runs/{run_id}",
    { params: { path: { run_id: runId } } },
    { refetchInterval: (last) => (last.state.data?.is_live ? LIVE_MS : false) },
  );
  return (
    <Ready query={query} what="the run">
      {(run) => <RunView run={run} stage={stage} />}
    </Ready>
  );
}
