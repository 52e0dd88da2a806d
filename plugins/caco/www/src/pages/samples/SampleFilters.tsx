/** The facets of the samples with their counts, and the search in their texts. */

import { Box, Button, Flex, Input, Text } from "@chakra-ui/react";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "src/api/client";
import { FacetSelect } from "src/parts/FacetSelect";
import type { AddressState } from "src/parts/filters";
import { Failure } from "src/parts/notices";
import { formatCount } from "src/parts/numbers";
import { CLEARED, isFiltered, type filtersOf } from "src/pages/samples/filterNames";

const CLOSED = { open: null, beside: null, at: null };

interface Props {
  address: AddressState;
  filters: ReturnType<typeof filtersOf>;
}

export function SampleFilters({ address, filters }: Props) {
  const query = api.useQuery(
    "get",
    "/api/v1/samples/facets",
    { params: { query: filters } },
    { placeholderData: keepPreviousData },
  );
  const error: unknown = query.error;
  return (
    <Box mb={3}>
      {error instanceof Error ? <Failure error={error} onRetry={() => void query.refetch()} /> : null}
      <Flex gap={3} wrap="wrap" align="end">
        {query.data?.facets.map((facet) => (
          <FacetSelect
            key={facet.name}
            facet={facet}
            chosen={address.get(facet.name)}
            unchosen={facet.name === "run" ? "the newest nightly run" : "all"}
            onChoose={(value) => address.set({ ...CLOSED, [facet.name]: value })}
          />
        ))}
        <Search key={address.get("text") ?? ""} address={address} />
        {isFiltered(address) ? (
          <Button size="xs" variant="ghost" onClick={() => address.set({ ...CLOSED, ...CLEARED })}>
            Clear filters
          </Button>
        ) : null}
        {query.data ? (
          <Text color="fg.muted" fontVariantNumeric="tabular-nums" role="status">
            {formatCount(query.data.total)}
            {query.data.is_capped ? " or more" : ""} {query.data.total === 1 ? "sample" : "samples"}
          </Text>
        ) : null}
      </Flex>
    </Box>
  );
}

/** Searches when Enter is pressed: it reads texts, and so not at every letter. */
function Search({ address }: { address: AddressState }) {
  const [text, setText] = useState(address.get("text") ?? "");
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        address.set({ ...CLOSED, text: text.trim() });
      }}
    >
      <Box asChild fontSize="xs" color="fg.muted">
        <label>
          Text
          <Flex gap={1}>
            <Input
              size="xs"
              width="14rem"
              color="fg"
              placeholder="in problem, solution, program"
              value={text}
              maxLength={200}
              onChange={(event) => setText(event.target.value)}
            />
            <Button size="xs" variant="outline" type="submit">
              Search
            </Button>
          </Flex>
        </label>
      </Box>
    </form>
  );
}
