/** The first of the rows that one run accepted and the other did not, as they ended in the other. */

import { Box, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { SampleLink } from "src/parts/Links";
import { formatCount, NOTHING } from "src/parts/numbers";

interface Props {
  name: string;
  other: string;
  rows: Schemas["OnlyAccepted"];
}

export function OnlyAccepted({ name, other, rows }: Props) {
  const isCutShort = (rows.count ?? Infinity) > rows.first.length && rows.first.length > 0;
  return (
    <Box mb={4}>
      <Text mb={1}>
        <b>
          {rows.count === null ? "Not counted in time:" : formatCount(rows.count)}
          {rows.is_capped ? " or more" : ""}
        </b>{" "}
        accepted by {name}, not by {other}
        {isCutShort ? `; the first ${rows.first.length}:` : ""}
      </Text>
      {rows.first.length === 0 ? null : (
        <Grid
          label={`Accepted by ${name} only`}
          rows={rows.first}
          rowKey={(row) => row.sample_id}
          columns={[
            { head: "Sample", cell: (row) => <SampleLink id={row.sample_id} /> },
            { head: `Ended in ${other} at`, cell: (row) => row.stage },
            {
              head: "Why",
              cell: (row) => (
                <>
                  <code>{row.reason ?? NOTHING}</code>{" "}
                  <Text as="span" color="fg.muted">
                    {row.words}
                  </Text>
                </>
              ),
            },
            { head: "Detail", cell: (row) => <Text overflowWrap="anywhere">{row.detail ?? ""}</Text> },
            {
              head: "Problem or program",
              width: "40%",
              cell: (row) => <Text lineClamp={2}>{row.title ?? NOTHING}</Text>,
            },
          ]}
        />
      )}
    </Box>
  );
}
