/** What each stage of a run asked, and what that cost. */

import { Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { ModelLink } from "src/parts/Links";
import { formatCost, formatCount, formatSeconds } from "src/parts/numbers";
import { Section } from "src/parts/Section";

export function RunCosts({ stages }: { stages: readonly Schemas["FunnelStage"][] }) {
  const begun = stages.filter((stage) => stage.shards > 0);
  if (begun.length === 0) return null;
  return (
    <Section title="Tokens, seconds and cost">
      <Grid
        label="Tokens, seconds and cost by stage"
        rows={begun}
        rowKey={(stage) => stage.stage}
        columns={[
          { head: "Stage", cell: (stage) => stage.stage },
          { head: "Computing time", isNumber: true, cell: (stage) => formatSeconds(stage.seconds) },
          { head: "Requests", isNumber: true, cell: (stage) => formatCount(stage.requests) },
          {
            head: "Replayed",
            isNumber: true,
            title: "answered out of the reply cache, and not paid again",
            cell: (stage) => formatCount(stage.replayed),
          },
          { head: "Tokens read", isNumber: true, cell: (stage) => formatCount(stage.prompt_tokens) },
          { head: "Tokens written", isNumber: true, cell: (stage) => formatCount(stage.completion_tokens) },
          { head: "Cost", isNumber: true, cell: (stage) => formatCost(stage.cost_usd) },
          {
            head: "Model and prompt",
            cell: (stage) => (
              <>
                {stage.models.map((model) => (
                  <Text key={model}>
                    <ModelLink id={model} />
                  </Text>
                ))}
                <Text color="fg.muted">{stage.prompts.join(", ")}</Text>
              </>
            ),
          },
        ]}
      />
    </Section>
  );
}
