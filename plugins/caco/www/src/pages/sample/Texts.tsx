/** The three texts of a sample: problem, solution with its equations marked, program. */

import { Box, HStack, Text } from "@chakra-ui/react";
import { Fragment } from "react";

import type { Schemas } from "src/api/client";
import { Code } from "src/parts/Code";
import { CopyButton } from "src/parts/CopyButton";
import { EQUATION_STATES, EquationMark, MathText } from "src/parts/MathText";
import { Section } from "src/parts/Section";

type Sample = Schemas["SampleReport"];

const NEVER = "It did not come so far.";

export function Problem({ sample }: { sample: Sample }) {
  return (
    <Section title="Problem" beside={sample.problem ? <CopyButton text={sample.problem} /> : null}>
      {sample.problem ? (
        <MathText text={sample.problem} borderWidth="1px" borderRadius="md" p={3} />
      ) : (
        <Text color="fg.muted">{NEVER}</Text>
      )}
    </Section>
  );
}

export function Solution({ sample }: { sample: Sample }) {
  return (
    <Section title="Solution" beside={sample.solution ? <CopyButton text={sample.solution} /> : null}>
      {sample.solution ? (
        <>
          <MathText text={sample.solution} equations={sample.equations} borderWidth="1px" borderRadius="md" p={3} />
          <EquationCounts equations={sample.equations} />
        </>
      ) : (
        <Text color="fg.muted">{NEVER}</Text>
      )}
    </Section>
  );
}

function EquationCounts({ equations }: { equations: Sample["equations"] }) {
  if (equations.length === 0) return <Text color="fg.muted">No equation was found in it.</Text>;
  const elsewhere = equations.filter((one) => one.start === null);
  return (
    <Box fontSize="xs" color="fg.muted">
      <HStack gap={4} mt={1} wrap="wrap">
        <Text>Equations:</Text>
        {(["true", "false", "not_understood"] as const).map((state) => (
          <Text key={state}>
            {equations.filter((one) => one.state === state).length}{" "}
            <EquationMark state={state}>{EQUATION_STATES[state].words}</EquationMark>
          </Text>
        ))}
      </HStack>
      {elsewhere.length > 0 ? (
        <Text mt={1} overflowWrap="anywhere">
          Computed, and not found in these very letters:{" "}
          {elsewhere.map((one, place) => (
            <Fragment key={place}>
              <EquationMark state={one.state}>{one.text}</EquationMark>{" "}
            </Fragment>
          ))}
        </Text>
      ) : null}
    </Box>
  );
}

export function Program({ sample }: { sample: Sample }) {
  return (
    <Section title="Program" beside={sample.program ? <CopyButton text={sample.program} /> : null}>
      {sample.program ? (
        <Code code={sample.program} language="python" label="Program" hasNumbers />
      ) : (
        <Text color="fg.muted">There is none.</Text>
      )}
    </Section>
  );
}
