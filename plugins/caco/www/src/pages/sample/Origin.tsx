/** The seeds behind a sample with their licences, and what taking it back would touch. */

import { HStack, Link, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { Figures } from "src/parts/Figures";
import { Grid } from "src/parts/Grid";
import { RunLink } from "src/parts/Links";
import { MathText } from "src/parts/MathText";
import { formatCount, NOTHING } from "src/parts/numbers";
import { Section } from "src/parts/Section";

export function Origin({ sample }: { sample: Schemas["SampleReport"] }) {
  const { seed, sources, recall } = sample;
  return (
    <>
      {seed ? (
        <Section title="Seed">
          <Figures
            facts={[
              ["Source", `${seed.source} ${seed.revision}`],
              ["Key", <code key="key">{seed.key}</code>],
              ["Licence", <Licence key="licence" name={seed.licence} link={seed.link} />],
              ["Gold answer", <code key="answer">{seed.answer ?? NOTHING}</code>],
              seed.grade !== null && ["Grade", seed.grade],
            ]}
          />
          <MathText text={seed.problem} mt={2} borderWidth="1px" borderRadius="md" p={3} />
          {seed.solution ? <MathText text={seed.solution} mt={2} borderWidth="1px" borderRadius="md" p={3} /> : null}
        </Section>
      ) : null}
      <Section title="Sources and licences">
        {sources.length === 0 ? (
          <Text color="fg.muted">None is recorded behind it.</Text>
        ) : (
          <Grid
            label="Sources of the seeds behind it"
            rows={sources}
            rowKey={(one) => `${one.source} ${one.revision} ${one.licence}`}
            columns={[
              { head: "Source", cell: (one) => one.source },
              { head: "Revision", cell: (one) => <code>{one.revision.slice(0, 16)}</code> },
              { head: "Licence", cell: (one) => <Licence name={one.licence} link={one.link} /> },
              { head: "Seeds", isNumber: true, cell: (one) => formatCount(one.seeds) },
              { head: "Verified", isNumber: true, cell: (one) => formatCount(one.verified) },
            ]}
          />
        )}
      </Section>
      <Section title="If it were taken back">
        <Text>{recall.sentence}</Text>
        {recall.students.length > 0 ? (
          <HStack mt={1} wrap="wrap">
            <Text color="fg.muted">Students trained on it:</Text>
            {recall.students.map((run) => (
              <RunLink key={run.run_id} run={run} />
            ))}
          </HStack>
        ) : null}
      </Section>
    </>
  );
}

/** A licence by its name; its link leaves Airflow, in a tab of its own, and only to a web address. */
export function Licence({ name, link }: { name: string; link: string | null }) {
  if (!link || !/^https?:\/\//.test(link)) return <>{name}</>;
  return (
    <Link href={link} target="_blank" rel="noopener noreferrer" color="fg.info" variant="underline">
      {name}
    </Link>
  );
}
