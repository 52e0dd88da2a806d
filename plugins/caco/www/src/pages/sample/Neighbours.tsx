/** What a sample is like: items of protected benchmarks, and other samples and seeds. */

import { Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { withoutTurning } from "src/parts/bidi";
import { Grid } from "src/parts/Grid";
import { SampleLink } from "src/parts/Links";
import { formatShare, spacedWords } from "src/parts/numbers";
import { Section } from "src/parts/Section";

export function Neighbours({ sample }: { sample: Schemas["SampleReport"] }) {
  const others = sample.duplicates.filter((one) => !one.is_self);
  return (
    <Section title="Neighbours">
      {sample.benchmark_neighbours.length === 0 ? (
        <Text color="fg.muted">It is like no item of a protected benchmark.</Text>
      ) : (
        <Grid
          label="Items of benchmarks"
          rows={sample.benchmark_neighbours}
          rowKey={(one, place) => `${one.benchmark} ${one.item} ${place}`}
          columns={[
            { head: "Benchmark", cell: (one) => one.benchmark },
            { head: "Item", cell: (one) => <code>{one.item}</code> },
            { head: "Rule", cell: (one) => one.rule },
            { head: "Likeness", isNumber: true, cell: (one) => formatShare(one.score) },
            {
              head: "Same words",
              width: "50%",
              cell: (one) => <Text overflowWrap="anywhere">{withoutTurning(one.matched_text ?? "")}</Text>,
            },
            {
              head: "Same problem",
              cell: (one) =>
                one.is_same === null ? "not asked" : one.is_same ? "a model says yes" : "a model says no",
            },
          ]}
        />
      )}
      {others.length === 0 ? (
        <Text color="fg.muted" mt={1}>
          No other sample or seed has its fingerprints, or nearly.
        </Text>
      ) : (
        <Grid
          label="Samples and seeds with its fingerprints"
          rows={others}
          rowKey={(one) => `${one.kind} ${one.owner_id}`}
          columns={[
            { head: "Fingerprint", cell: (one) => spacedWords(one.kind) },
            { head: "Was seen first in", cell: (one) => <SampleLink id={one.owner_id} /> },
            {
              head: "Likeness",
              isNumber: true,
              cell: (one) => (one.likeness === null ? "equal" : formatShare(one.likeness)),
            },
          ]}
        />
      )}
    </Section>
  );
}
