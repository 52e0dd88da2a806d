/** All models: those that were trained here, and those that are only asked. */

import { Box, Text } from "@chakra-ui/react";

import { api } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { ModelLink, PageLink, RunLink } from "src/parts/Links";
import { Empty } from "src/parts/notices";
import { formatCount, formatRange, formatSeconds, formatShare, NOTHING } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { PageTitle } from "src/parts/Section";

export function ModelsPage() {
  const query = api.useQuery("get", "/api/v1/models");
  return (
    <>
      <PageTitle title="Models" />
      <Ready query={query} what="the models">
        {(page) =>
          page.rows.length === 0 ? (
            <Empty title="No model was trained or asked yet">
              <PageLink to="/dags/caco_codegen">caco_codegen</PageLink> trains the first one from the seeds.
            </Empty>
          ) : (
            <>
              <Grid
                label="Models"
                rows={page.rows}
                rowKey={(row) => `${row.role} ${row.model_id}`}
                columns={[
                  { head: "Model", cell: (row) => <WideModelLink id={row.model_id} /> },
                  { head: "Role", cell: (row) => row.role },
                  {
                    head: "Trained here",
                    cell: (row) => (
                      <>
                        {row.run ? <RunLink run={row.run} /> : row.is_trained_here ? "yes" : "no"}
                        {row.accepted === false ? <Text>refused: {row.refused_because}</Text> : null}
                      </>
                    ),
                  },
                  { head: "Parent", cell: (row) => (row.parent ? <WideModelLink id={row.parent} /> : NOTHING) },
                  { head: "Loss before", isNumber: true, cell: (row) => row.loss_before?.toFixed(3) ?? NOTHING },
                  { head: "Loss after", isNumber: true, cell: (row) => row.loss_after?.toFixed(3) ?? NOTHING },
                  { head: "Tokens trained on", isNumber: true, cell: (row) => formatCount(row.tokens) },
                  { head: "Seconds", isNumber: true, cell: (row) => formatSeconds(row.seconds) },
                  { head: "Replies", isNumber: true, cell: (row) => formatCount(row.replies) },
                  {
                    head: "Kept",
                    isNumber: true,
                    title: "of the records that it was asked about",
                    cell: (row) => (
                      <Text title={formatRange(row.kept_share.low, row.kept_share.high)}>
                        {formatShare(row.kept_share.share)}
                      </Text>
                    ),
                  },
                ]}
              />
              {page.is_cut ? <Text mt={2}>There are more models; the newest stand here.</Text> : null}
            </>
          )
        }
      </Ready>
    </>
  );
}

/** A name may break anywhere, but not after every few letters. */
function WideModelLink({ id }: { id: string }) {
  return (
    <Box minW="11rem">
      <ModelLink id={id} />
    </Box>
  );
}
