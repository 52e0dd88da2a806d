/** A picture that the server describes in Vega-Lite, with its data in it; drawn by a part that is loaded only for it. */

import { Box } from "@chakra-ui/react";
import { lazy, Suspense } from "react";

import { api } from "src/api/client";
import { Loading } from "src/parts/notices";
import { Ready } from "src/parts/Ready";

const VegaPicture = lazy(() => import("src/parts/VegaPicture"));

interface Props {
  name: "funnel" | "yield_over_time" | "cost_over_time" | "score_gains" | "loss_curve" | "diversity" | "loop_rounds";
  label: string;
  run?: string;
  model?: string;
  config?: string;
}

export function Chart({ name, label, run, model, config }: Props) {
  const query = api.useQuery("get", "/api/v1/charts/{name}", {
    params: { path: { name }, query: { run, model, config } },
  });
  return (
    <Box role="img" aria-label={label} minH="7rem" overflowX="auto">
      <Ready query={query} what="the picture">
        {(specification) => (
          <Suspense fallback={<Loading what="the picture" />}>
            <VegaPicture specification={specification} />
          </Suspense>
        )}
      </Ready>
    </Box>
  );
}
