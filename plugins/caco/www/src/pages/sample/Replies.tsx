/** Every reply of a model behind a sample, with the prompt, the parameters and what it cost. */

import { Box, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { OutcomeBadge } from "src/parts/Badges";
import { Code } from "src/parts/Code";
import { Figures } from "src/parts/Figures";
import { Grid } from "src/parts/Grid";
import { ModelLink } from "src/parts/Links";
import { formatCost, formatCount, formatSeconds, NOTHING, shortId, spacedWords } from "src/parts/numbers";
import { Section } from "src/parts/Section";
import { valueText } from "src/parts/values";

type Reply = Schemas["ReplyReport"];

interface Props {
  replies: readonly Reply[];
  candidates: readonly Schemas["CandidateReport"][];
}

export function Replies({ replies, candidates }: Props) {
  return (
    <>
      {candidates.length > 1 ? (
        <Section title="All solutions that were asked for">
          <Grid
            label="Candidates"
            rows={[...candidates]}
            rowKey={(one) => one.request_id}
            isMarked={(one) => one.is_chosen}
            columns={[
              {
                head: "Answer",
                cell: (one) => (
                  <Text fontFamily="mono" overflowWrap="anywhere">
                    {one.answer ?? NOTHING}
                  </Text>
                ),
              },
              { head: "Equal", cell: (one) => valueText(one.agrees) },
              { head: "Chosen", cell: (one) => (one.is_chosen ? "yes" : "") },
              { head: "Ended by", cell: (one) => one.finish_reason },
              { head: "Tokens", isNumber: true, cell: (one) => formatCount(one.tokens) },
            ]}
          />
        </Section>
      ) : null}
      <Section title="Replies">
        {replies.length === 0 ? <Text color="fg.muted">No model was asked.</Text> : null}
        {replies.map((reply, place) => (
          <ReplyDetails key={`${reply.request_id} ${place}`} reply={reply} />
        ))}
      </Section>
    </>
  );
}

function ReplyDetails({ reply }: { reply: Reply }) {
  return (
    <Box asChild borderWidth="1px" borderRadius="md" mb={2} px={3} py={2}>
      <details>
        <Box as="summary" cursor="pointer">
          {/* no link in here: a control within a control cannot be reached by all who use keys or have pages read to them */}
          <Box
            as="span"
            css={{ "& > *": { display: "inline-block", marginEnd: "4" } }}
            fontVariantNumeric="tabular-nums"
          >
            <b>{reply.stage}</b>
            <span>{reply.role}</span>
            <span>{/^[0-9a-f]{32,}$/.test(reply.model_id) ? shortId(reply.model_id) : reply.model_id}</span>
            <span>{reply.prompt}</span>
            <span>
              {formatCount(reply.prompt_tokens)} + {formatCount(reply.completion_tokens)} tokens
            </span>
            <span>{formatCost(reply.cost_usd)}</span>
            <span>{reply.finish_reason}</span>
            {reply.outcome ? <OutcomeBadge outcome={reply.outcome} /> : null}
            {reply.is_replayed ? (
              <Text as="span" color="fg.muted">
                replayed
              </Text>
            ) : null}
          </Box>
        </Box>
        <Box mt={3}>
          <Figures
            facts={[
              ["model", <ModelLink key="model" id={reply.model_id} />],
              ["request", <code key="id">{reply.request_id}</code>],
              ["seconds", formatSeconds(reply.seconds)],
              ...Object.entries(reply.parameters).map(([name, value]): [string, string] => [
                spacedWords(name),
                valueText(value),
              ]),
              reply.cut_away.length > 0 && ["cut away before reading", reply.cut_away.join(", ")],
              reply.reason !== null && ["reason", reply.reason],
            ]}
          />
          <Text mt={3} mb={1} fontWeight="medium">
            Reply
          </Text>
          {reply.text === null ? (
            <Text color="fg.muted">Only the part that the stage took is kept with the sample.</Text>
          ) : (
            <Code code={reply.text} label="Reply" />
          )}
          <Text mt={3} mb={1} fontWeight="medium">
            Prompt template {reply.prompt}
          </Text>
          {reply.prompt_text === null ? (
            <Text color="fg.muted">It is not among the templates of this installation.</Text>
          ) : (
            <Code code={reply.prompt_text} label="Prompt template" maxHeight="18rem" />
          )}
        </Box>
      </details>
    </Box>
  );
}
