/** One sample by its id, whole. */

import { useParams } from "react-router-dom";

import { api } from "src/api/client";
import { PageTitle } from "src/parts/Section";
import { Ready } from "src/parts/Ready";
import { shortId } from "src/parts/numbers";
import { SampleView } from "src/pages/sample/SampleView";

export function SamplePage() {
  const { sampleId = "" } = useParams();
  return (
    <>
      <PageTitle title={`Sample ${shortId(sampleId)}`} />
      <SampleById sampleId={sampleId} />
    </>
  );
}

export function SampleById({ sampleId, isPanel = false }: { sampleId: string; isPanel?: boolean }) {
  const query = api.useQuery(
    "get",
    "/api/v1/samples/{sample_id}",
    { params: { path: { sample_id: sampleId } } },
    { staleTime: 60_000 },
  );
  return (
    <Ready query={query} what="the sample">
      {(sample) => <SampleView sample={sample} isPanel={isPanel} />}
    </Ready>
  );
}
