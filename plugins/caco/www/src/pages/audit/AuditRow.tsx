/** One row with everything that a person needs to judge it, and the answers that fit it. */

import { Box, Button, Flex, HStack, SimpleGrid, Text, Textarea } from "@chakra-ui/react";
import { useEffect, useRef, useState } from "react";

import type { Schemas } from "src/api/client";
import { withoutTurning } from "src/parts/bidi";
import { Code } from "src/parts/Code";
import { MathText } from "src/parts/MathText";
import { formatCount, NOTHING, spacedWords } from "src/parts/numbers";

interface Props {
  row: Schemas["AuditRow"];
  rowsDrawn?: number;
  isHidden: boolean; // only its keys are wanted
  isBusy: boolean;
  onAnswer: (answer: string, note: string) => void;
  onBack?: () => void;
  onForward?: () => void;
  onUndo?: () => void;
}

export function AuditRow({ row, rowsDrawn, isHidden, isBusy, onAnswer, onBack, onForward, onUndo }: Props) {
  const [note, setNote] = useState(row.your_note ?? "");
  const noteField = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (event.key === "Escape" && target === noteField.current) noteField.current?.blur();
      if (target?.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
      const answer = isHidden || isBusy ? undefined : row.answers[Number(event.key) - 1];
      const actions: Record<string, (() => void) | undefined> = {
        u: onUndo,
        n: () => noteField.current?.focus(),
        arrowleft: onBack,
        arrowright: onForward,
      };
      const act = answer === undefined ? actions[event.key.toLowerCase()] : () => onAnswer(answer, note);
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [row, note, isHidden, isBusy, onAnswer, onBack, onForward, onUndo]);
  if (isHidden) return null;
  return (
    <Box as="article" aria-label={`Row ${row.number + 1}`} data-audit-row={row.sample_id}>
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap={5}>
        <Box minW={0}>
          <RowText title="Problem" text={row.problem} />
          <RowText title="Solution" text={row.solution} />
        </Box>
        <Box minW={0}>
          <Text fontWeight="semibold" mb={1}>
            Program
          </Text>
          <Code code={row.program} language="python" label="Program" hasNumbers maxHeight="22rem" />
          <Text mt={2} overflowWrap="anywhere">
            Its output: <code>{withoutTurning(row.output ?? NOTHING)}</code>
          </Text>
        </Box>
      </SimpleGrid>
      <Box position="sticky" bottom={-3} bg="bg" borderTopWidth="1px" py={3} mt={4}>
        <Flex gap={2} wrap="wrap" role="group" aria-label="Answers">
          {row.answers.map((answer, place) => (
            <Button
              key={answer}
              size="sm"
              variant={row.your_answer === answer ? "solid" : "outline"}
              aria-pressed={row.your_answer === answer}
              disabled={isBusy}
              onClick={() => onAnswer(answer, note)}
            >
              <kbd>{place + 1}</kbd> {spacedWords(answer)}
            </Button>
          ))}
          <Button size="sm" variant="ghost" disabled={!onBack} onClick={onBack}>
            ← Back
          </Button>
          <Button size="sm" variant="ghost" disabled={!onForward} onClick={onForward}>
            Forward →
          </Button>
          <Button size="sm" variant="ghost" disabled={!onUndo} onClick={onUndo}>
            <kbd>U</kbd> Change my last answer
          </Button>
        </Flex>
        <HStack mt={2} align="start">
          <Box asChild fontSize="xs" color="fg.muted" flex="1" maxW="44rem">
            <label>
              Note, if you like (N)
              <Textarea
                ref={noteField}
                size="xs"
                rows={2}
                color="fg"
                value={note}
                maxLength={2000}
                onChange={(event) => setNote(event.target.value)}
              />
            </label>
          </Box>
          <Text fontSize="xs" color="fg.muted">
            Row {formatCount(row.number + 1)} of {formatCount(rowsDrawn)}
            {row.your_answer ? `: you said “${spacedWords(row.your_answer)}”` : ""}
          </Text>
        </HStack>
      </Box>
    </Box>
  );
}

function RowText({ title, text }: { title: string; text: string | null }) {
  if (text === null) return null;
  return (
    <Box mb={3}>
      <Text fontWeight="semibold" mb={1}>
        {title}
      </Text>
      <MathText text={text} borderWidth="1px" borderRadius="md" p={3} fontSize="md" />
    </Box>
  );
}
