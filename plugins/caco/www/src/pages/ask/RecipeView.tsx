/** One question of the cookbook: its SQL, its parameters, and what it finds now. */

import { Box, Button, Flex, Input, Text } from "@chakra-ui/react";
import { useState } from "react";

import { api, type Schemas } from "src/api/client";
import { Code } from "src/parts/Code";
import { CopyButton } from "src/parts/CopyButton";
import { Grid } from "src/parts/Grid";
import { Failure } from "src/parts/notices";
import { formatCount, formatSeconds } from "src/parts/numbers";
import { valueText } from "src/parts/values";

type Recipe = Schemas["Recipe"];
type Result = Schemas["RecipeResult"];

export function RecipeView({ recipe }: { recipe: Recipe }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const run = api.useMutation("post", "/api/v1/ask/run");
  const error: unknown = run.error;
  return (
    <Box asChild borderWidth="1px" borderRadius="md" mb={2} px={3} py={2}>
      <details>
        <Box as="summary" cursor="pointer">
          <b>{recipe.title}</b>{" "}
          <Text as="span" color="fg.muted">
            {recipe.question}
          </Text>
        </Box>
        <Text my={2} color="fg.muted">
          {recipe.answer} {recipe.engine === "duckdb" ? "It reads the outputs too, by DuckDB." : ""}
        </Text>
        <Code code={recipe.sql} language="sql" label={recipe.title} maxHeight="16rem" />
        <form
          onSubmit={(event) => {
            event.preventDefault();
            run.mutate({ body: { recipe: recipe.name, parameters: values } });
          }}
        >
          <Flex gap={3} my={2} align="end" wrap="wrap">
            {recipe.parameters.map((one) => (
              <Box asChild key={one.name} fontSize="xs" color="fg.muted">
                <label>
                  {one.label}
                  <Input
                    size="xs"
                    width="16rem"
                    display="block"
                    color="fg"
                    placeholder={one.example}
                    maxLength={300}
                    value={values[one.name] ?? ""}
                    onChange={(event) => setValues({ ...values, [one.name]: event.target.value })}
                  />
                </label>
              </Box>
            ))}
            <Button size="xs" type="submit" loading={run.isPending}>
              Run
            </Button>
            <CopyButton text={recipe.sql} label="Copy the SQL" />
          </Flex>
        </form>
        {error instanceof Error ? <Failure error={error} /> : null}
        {run.data ? <Found result={run.data} title={recipe.title} /> : null}
      </details>
    </Box>
  );
}

function Found({ result, title }: { result: Result; title: string }) {
  const rows: readonly (readonly unknown[])[] = result.rows as unknown[][];
  return (
    <Box role="status">
      <Text color="fg.muted" mb={1}>
        {formatCount(result.rows.length)} {result.rows.length === 1 ? "row" : "rows"} in {formatSeconds(result.seconds)}
        {result.is_cut ? "; there are more, which caco sql shows" : ""}
        <CopyButton text={asTsv(result)} label="Copy as a table" />
      </Text>
      {result.rows.length > 0 ? (
        <Grid
          label={`What “${title}” found`}
          rows={[...rows]}
          rowKey={(_, place) => String(place)}
          columns={result.columns.map((name, place) => ({
            head: name,
            isNumber: rows.some((row) => typeof row[place] === "number"),
            cell: (row: readonly unknown[]) => <Text overflowWrap="anywhere">{valueText(row[place])}</Text>,
          }))}
        />
      ) : null}
    </Box>
  );
}

function asTsv(result: Result): string {
  const line = (values: readonly unknown[]) =>
    values.map((value) => (value === null ? "" : valueText(value).replace(/[\t\n\r]+/g, " "))).join("\t");
  return [line(result.columns), ...(result.rows as unknown[][]).map(line)].join("\n");
}
