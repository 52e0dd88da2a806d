/** For who asks questions: how to connect, the cookbook ready to run, and what every table and column means. */

import { Box, HStack, Input, Text } from "@chakra-ui/react";
import { useState } from "react";

import { api, type Schemas } from "src/api/client";
import { CopyButton } from "src/parts/CopyButton";
import { Grid } from "src/parts/Grid";
import { Empty } from "src/parts/notices";
import { Ready } from "src/parts/Ready";
import { PageTitle, Section } from "src/parts/Section";
import { RecipeView } from "src/pages/ask/RecipeView";

type Relation = Schemas["RelationReport"];

export function AskPage() {
  const query = api.useQuery("get", "/api/v1/ask", {}, { staleTime: Infinity });
  const [word, setWord] = useState("");
  const fits = (text: string) => text.toLowerCase().includes(word.toLowerCase());
  return (
    <>
      <PageTitle
        title="Ask"
        beside={
          <Input
            size="xs"
            width="18rem"
            placeholder="Find a question, table or column"
            aria-label="Find a question, table or column"
            value={word}
            onChange={(event) => setWord(event.target.value)}
          />
        }
      />
      <Ready query={query} what="the cookbook">
        {(ask) => (
          <>
            <Section title="Connect as the analyst, who can only read">
              {ask.url ? (
                <>
                  <Command text={ask.url} />
                  {ask.psql ? <Command text={ask.psql} /> : null}
                  <Command text="caco sql" />
                </>
              ) : (
                <Empty title="There is no analyst here">Set CACO_LEDGER_ANALYST_URL for Airflow’s API server.</Empty>
              )}
            </Section>
            <Section title="Questions that are ready to run">
              {ask.recipes
                .filter((one) => fits(`${one.title} ${one.question} ${one.name}`))
                .map((one) => (
                  <RecipeView key={one.name} recipe={one} />
                ))}
            </Section>
            <Section title="Tables and views">
              {ask.relations
                .filter((one) => fits(`${one.name} ${one.comment ?? ""} ${one.columns.map((c) => c.name).join(" ")}`))
                .map((one) => (
                  <RelationView key={one.name} relation={one} />
                ))}
            </Section>
          </>
        )}
      </Ready>
    </>
  );
}

function Command({ text }: { text: string }) {
  return (
    <HStack>
      <Box as="code" overflowWrap="anywhere">
        {text}
      </Box>
      <CopyButton text={text} />
    </HStack>
  );
}

function RelationView({ relation }: { relation: Relation }) {
  return (
    <Box asChild borderWidth="1px" borderRadius="md" mb={2} px={3} py={2}>
      <details>
        <Box as="summary" cursor="pointer">
          <code>{relation.name}</code>{" "}
          <Text as="span" color="fg.muted">
            {relation.kind}. {relation.comment}
          </Text>
        </Box>
        <Box mt={2}>
          <Grid
            label={`Columns of ${relation.name}`}
            rows={relation.columns}
            rowKey={(column) => column.name}
            columns={[
              { head: "Column", cell: (column) => <code>{column.name}</code> },
              {
                head: "Type",
                cell: (column) => (
                  <Text whiteSpace="nowrap">
                    {column.type}
                    {column.is_nullable ? "" : ", never NULL"}
                  </Text>
                ),
              },
              { head: "Meaning", width: "65%", cell: (column) => column.comment ?? "" },
            ]}
          />
        </Box>
      </details>
    </Box>
  );
}
