/** What a run was planned with: the words of whoever asked for it, and every setting that holds. */

import { Box, Input, Text } from "@chakra-ui/react";
import { useState } from "react";

import type { Schemas } from "src/api/client";
import { Figures } from "src/parts/Figures";
import { Grid } from "src/parts/Grid";
import { PageLink } from "src/parts/Links";
import { formatTime } from "src/parts/numbers";
import { Section } from "src/parts/Section";
import { valueText } from "src/parts/values";

export function RunSettings({ run }: { run: Schemas["RunReport"] }) {
  const [word, setWord] = useState("");
  const shown = run.settings.filter((one) => one.setting.toLowerCase().includes(word.toLowerCase()));
  const pinned = [...Object.entries(run.prompts), ...Object.entries(run.sources), ...Object.entries(run.benchmarks)];
  return (
    <>
      <Section title="Planned with">
        <Figures
          facts={[
            ...Object.entries(run.requested).map(([name, value]): [string, string] => [name, valueText(value)]),
            ["config hash", run.line.config_hash],
            ["code", run.code_version],
          ]}
        />
        {run.airflow_runs.map((one) => (
          <Text key={one.path} mt={1}>
            {formatTime(one.at)} <PageLink to={`/${one.path}`}>{`${one.dag_id} ${one.dag_run_id}`}</PageLink>
          </Text>
        ))}
      </Section>
      <Section
        title="Settings"
        beside={
          <Input
            size="xs"
            width="14rem"
            placeholder="Find a setting"
            aria-label="Find a setting"
            value={word}
            onChange={(event) => setWord(event.target.value)}
          />
        }
      >
        <Box maxH="22rem" overflowY="auto" tabIndex={0} role="region" aria-label="All settings">
          <Grid
            label="Settings"
            rows={shown}
            rowKey={(one) => one.setting}
            columns={[
              { head: "Setting", cell: (one) => <code>{one.setting}</code> },
              { head: "Value", cell: (one) => <Text overflowWrap="anywhere">{valueText(one.value)}</Text> },
            ]}
          />
        </Box>
      </Section>
      {pinned.length > 0 ? (
        <Section title="Prompts, sources and benchmarks, by the hash of their content">
          <Grid
            label="Prompts, sources and benchmarks"
            rows={pinned}
            rowKey={([name], place) => `${place} ${name}`}
            columns={[
              { head: "Name", cell: ([name]) => name },
              { head: "Revision", cell: ([, revision]) => <code>{valueText(revision)}</code> },
            ]}
          />
        </Section>
      ) : null}
    </>
  );
}
