/** What the sandbox saw when it ran the program, and the answer of the solution beside it. */

import { Box, SimpleGrid, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { withoutTurning } from "src/parts/bidi";
import { Code } from "src/parts/Code";
import { Figures } from "src/parts/Figures";
import { formatSeconds, formatShare, NOTHING } from "src/parts/numbers";
import { Section } from "src/parts/Section";

type Sample = Schemas["SampleReport"];

export function Execution({ sample }: { sample: Sample }) {
  const { execution, answers } = sample;
  return (
    <>
      {execution ? (
        <Section title="Execution">
          {execution.error ? (
            <Box fontFamily="mono" fontSize="xs" color="red.fg" mb={2} whiteSpace="pre-wrap" overflowWrap="anywhere">
              {withoutTurning(execution.error)}
            </Box>
          ) : null}
          <Figures
            facts={[
              ["Output", <code key="output">{withoutTurning(execution.output ?? NOTHING)}</code>],
              ["Its type", execution.output_type ?? NOTHING],
              ["Seconds", formatSeconds(execution.wall_seconds)],
              ["CPU seconds", formatSeconds(execution.cpu_seconds)],
              ["Peak memory", `${execution.peak_memory_mb.toFixed(0)} MB`],
              ["Sandbox", execution.sandbox_level],
            ]}
          />
          {execution.input_json ? (
            <Box mt={2}>
              <Text fontSize="xs" color="fg.muted">
                Input
              </Text>
              <Code code={execution.input_json} language="json" label="Input" maxHeight="10rem" />
            </Box>
          ) : null}
          {execution.stdout ? (
            <Box mt={2}>
              <Text fontSize="xs" color="fg.muted">
                What it printed
              </Text>
              <Code code={execution.stdout} label="What it printed" maxHeight="10rem" />
            </Box>
          ) : null}
        </Section>
      ) : null}
      {answers ? <Answers answers={answers} /> : null}
    </>
  );
}

/** What the stage said of the two; it says nothing of them where it found something else first. */
function agreementOf({ agrees, compared_by: method }: Schemas["AnswerReport"]): string {
  if (agrees === null) return method ? `Compared by ${method}.` : "Nobody has compared them.";
  return `${agrees ? "They are equal" : "They differ"}${method ? `, as compared by ${method}` : ""}.`;
}

function Answers({ answers }: { answers: Schemas["AnswerReport"] }) {
  return (
    <Section title="Answers">
      <SimpleGrid columns={2} gap={3}>
        <AnswerBox name="of the solution" answer={answers.ours} />
        <AnswerBox
          name={answers.expected_of === "program" ? "of the program" : "of the source"}
          answer={answers.expected}
        />
      </SimpleGrid>
      <Text mt={2} color="fg.muted" overflowWrap="anywhere">
        {agreementOf(answers)}
        {answers.pass_rate === null
          ? ""
          : ` ${formatShare(answers.pass_rate)} of the solutions to this problem are right.`}
        {answers.majority_answer === null ? "" : ` Most of them say ${answers.majority_answer}.`}
      </Text>
    </Section>
  );
}

function AnswerBox({ name, answer }: { name: string; answer: string | null }) {
  return (
    <Box borderWidth="1px" borderRadius="md" p={2} minW={0}>
      <Text fontSize="xs" color="fg.muted">
        {name}
      </Text>
      <Text fontFamily="mono" overflowWrap="anywhere">
        {withoutTurning(answer ?? NOTHING)}
      </Text>
    </Box>
  );
}
