/** One dataset: how to load it, its rows, files, licences, scores, audit rates and card. */

import { Box, HStack, Text } from "@chakra-ui/react";
import { lazy, Suspense, type ReactNode } from "react";
import { useParams } from "react-router-dom";

import { api, type Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { Code } from "src/parts/Code";
import { CopyButton } from "src/parts/CopyButton";
import { Figures } from "src/parts/Figures";
import { Grid } from "src/parts/Grid";
import { DatasetLink, RunLink } from "src/parts/Links";
import { Loading } from "src/parts/notices";
import { formatBytes, formatCount, formatTime, sentenceCase, spacedWords } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { PageTitle, Section } from "src/parts/Section";
import { valueText } from "src/parts/values";
import { DatasetRows } from "src/pages/datasets/DatasetRows";
import { Environments } from "src/pages/datasets/Environments";
import { AuditRates, DatasetScores } from "src/pages/datasets/Judgements";
import { Licence } from "src/pages/sample/Origin";

const Markdown = lazy(() => import("src/parts/Markdown"));

type Dataset = Schemas["DatasetReport"];

export function DatasetPage() {
  const { name = "", version = "" } = useParams();
  const query = api.useQuery("get", "/api/v1/datasets/{name}/{version}", { params: { path: { name, version } } });
  return (
    <>
      <PageTitle title={`${name}/${version}`} />
      <Ready query={query} what="the dataset">
        {(dataset) => (
          <>
            <Head dataset={dataset} />
            <LoadCommands commands={dataset.load_commands} />
            <DatasetRows name={name} version={version} />
            <Environments name={name} version={version} />
            <DatasetScores scores={dataset.scores} />
            <AuditRates rates={dataset.audit_rates} />
            <Licences licences={dataset.licences} />
            <Files files={dataset.files} />
            <States dataset={dataset} />
            <Section title="Card">
              {dataset.card === null ? (
                <Text color="fg.muted">The store has not got its card.</Text>
              ) : (
                <Box borderWidth="1px" borderRadius="md" p={4}>
                  <Suspense fallback={<Loading what="the card" />}>
                    <Markdown text={dataset.card} />
                  </Suspense>
                </Box>
              )}
            </Section>
          </>
        )}
      </Ready>
    </>
  );
}

function Head({ dataset }: { dataset: Dataset }) {
  const { line } = dataset;
  return (
    <Figures
      facts={[
        ["State", <StateBadge key="state" state={line.state} />],
        ["Counts for its date", <Standing key="standing" dataset={dataset} />],
        ["Rows", formatCount(line.rows)],
        ["Size", formatBytes(line.bytes)],
        ["Run", <RunLink key="run" run={line.run} />],
        ["Code", dataset.code_version],
        ...Object.entries(dataset.facts).map(([name, value]): [string, ReactNode] => [
          sentenceCase(spacedWords(name)),
          <FactValue key={name} name={name} value={value} />,
        ]),
        dataset.others.length > 0 && [
          "Other versions",
          <HStack key="others" wrap="wrap">
            {dataset.others.map((one) => (
              <DatasetLink key={one.version} {...one} />
            ))}
          </HStack>,
        ],
      ]}
    />
  );
}

/** A fact of the manifest: other versions are links, a hash is short to read and whole to copy. */
function FactValue({ name, value }: { name: string; value: unknown }) {
  const text = valueText(value);
  if (name === "supersedes" || name === "superseded_by") {
    return (
      <HStack wrap="wrap">
        {text.split("; ").map((one) => {
          const [dataset = "", version = ""] = one.split("/");
          return <DatasetLink key={one} dataset={dataset} version={version} />;
        })}
      </HStack>
    );
  }
  if (!/^[0-9a-f]{64}$/.test(text)) return <>{text}</>;
  return (
    <Text as="span" whiteSpace="nowrap">
      <code title={text}>{text.slice(0, 12)}</code> <CopyButton text={text} />
    </Text>
  );
}

function Standing({ dataset }: { dataset: Dataset }) {
  const { line, current } = dataset;
  if (line.standing === "current") return <Text>yes</Text>;
  if (current === null) return <Text>no, and no other does</Text>;
  const what = { waiting: "waits to be promoted", superseded: "superseded" }[line.standing ?? ""];
  return (
    <HStack wrap="wrap">
      <Text>{what === undefined ? "no; what does:" : `no, ${what}; what does:`}</Text>
      <DatasetLink dataset={line.dataset} version={current} />
    </HStack>
  );
}

function LoadCommands({ commands }: { commands: Dataset["load_commands"] }) {
  if (commands.length === 0) return null;
  return (
    <Section title="Load it">
      {commands.map((one) => (
        <Box key={one.title} mb={3}>
          <HStack>
            <Text>{one.title}</Text>
            <CopyButton text={one.command} />
          </HStack>
          <Code code={one.command} language={one.language === "python" ? "python" : "shell"} label={one.title} />
        </Box>
      ))}
    </Section>
  );
}

function Licences({ licences }: { licences: Dataset["licences"] }) {
  return (
    <Section title="Licences">
      {licences.length === 0 ? (
        <Text color="fg.muted">No source is recorded behind it.</Text>
      ) : (
        <Grid
          label="Licences"
          rows={licences}
          rowKey={(one) => `${one.source} ${one.revision} ${one.licence}`}
          columns={[
            { head: "Source", cell: (one) => one.source },
            { head: "Revision", cell: (one) => <code>{one.revision.slice(0, 16)}</code> },
            { head: "Licence", cell: (one) => <Licence name={one.licence} link={one.link} /> },
            { head: "Seeds", isNumber: true, cell: (one) => formatCount(one.seeds) },
          ]}
        />
      )}
    </Section>
  );
}

function Files({ files }: { files: Dataset["files"] }) {
  return (
    <Section title="Files">
      <Grid
        label="Files"
        rows={files}
        rowKey={(file) => file.uri}
        columns={[
          {
            head: "File",
            cell: (file) => (
              <Text overflowWrap="anywhere">
                <code>{file.uri}</code> <CopyButton text={file.uri} />
              </Text>
            ),
          },
          { head: "Rows", isNumber: true, cell: (file) => formatCount(file.rows) },
          { head: "Size", isNumber: true, cell: (file) => formatBytes(file.bytes) },
          {
            head: "SHA-256",
            cell: (file) => (
              <Text whiteSpace="nowrap">
                <code title={file.sha256}>{file.sha256.slice(0, 12)}</code> <CopyButton text={file.sha256} />
              </Text>
            ),
          },
        ]}
      />
    </Section>
  );
}

function changingCommands({ line, can_become, current }: Dataset): string[] {
  const name = `${line.dataset}/${line.version}`;
  const commands = current === null ? [] : [`caco dataset diff ${line.dataset}/${current} ${name}`];
  const isOther = line.state === "published" && line.standing !== "current";
  if (line.state === "staged" || isOther) commands.push(`caco dataset promote ${name} --because "…"`);
  if (line.state === "withdrawn") commands.push(`caco dataset restore ${name} --because "…"`);
  if (can_become.includes("withdrawn")) commands.push(`caco dataset withdraw ${name} --because "…"`);
  return commands;
}

function States({ dataset }: { dataset: Dataset }) {
  const commands = changingCommands(dataset);
  return (
    <Section title="States it was given">
      <Grid
        label="States"
        rows={dataset.states}
        rowKey={(one) => `${one.at} ${one.state}`}
        columns={[
          { head: "State", cell: (one) => <StateBadge state={one.state} /> },
          { head: "When", cell: (one) => formatTime(one.at) },
          { head: "By", cell: (one) => one.by },
          { head: "Because", width: "50%", cell: (one) => one.because },
        ]}
      />
      {commands.length > 0 ? (
        <Box mt={2}>
          <Text color="fg.muted" mb={1}>
            To compare and change it, where the ledger’s writer is known:
          </Text>
          {commands.map((command) => (
            <HStack key={command}>
              <code>{command}</code>
              <CopyButton text={command} />
            </HStack>
          ))}
        </Box>
      ) : null}
    </Section>
  );
}
