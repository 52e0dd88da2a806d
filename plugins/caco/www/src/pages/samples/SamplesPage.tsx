/**
 * Samples by what became of them: filters with counts, search, a table, and one or two of them opened beside it.
 *
 * All of the state is in the address. Keys: J and K go down and up, Enter opens, P keeps the open one beside, Esc closes.
 */

import { Box, Flex, Text } from "@chakra-ui/react";
import { useEffect } from "react";

import { api, type Schemas } from "src/api/client";
import { addressNow, useAddress, type AddressState } from "src/parts/filters";
import { More } from "src/parts/More";
import { Ready } from "src/parts/Ready";
import { PageTitle } from "src/parts/Section";
import { Exports } from "src/pages/samples/Exports";
import { filtersOf } from "src/pages/samples/filterNames";
import { NoSamples } from "src/pages/samples/NoSamples";
import { OpenSamples } from "src/pages/samples/OpenSamples";
import { SampleFilters } from "src/pages/samples/SampleFilters";
import { SampleTable } from "src/pages/samples/SampleTable";

export function SamplesPage() {
  const address = useAddress();
  const filters = filtersOf(address);
  const query = api.useInfiniteQuery(
    "get",
    "/api/v1/samples",
    { params: { query: { ...filters, limit: 50 } } },
    {
      pageParamName: "cursor",
      initialPageParam: null,
      getNextPageParam: (last: Schemas["SamplePage"]) => last.next_cursor ?? undefined,
    },
  );
  const open = address.get("open");
  return (
    <>
      <PageTitle title="Samples" beside={<Exports filters={filters} />}>
        Keys: J and K go down and up, Enter opens, P keeps the open one beside the next, Esc closes.
      </PageTitle>
      <SampleFilters address={address} filters={filters} />
      <Ready query={query} what="the samples">
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.rows);
          const search = pages.at(-1)?.search;
          const list = (
            <>
              <SampleTable rows={rows} address={address} isNarrow={open !== undefined} />
              <More
                shown={rows.length}
                hasMore={query.hasNextPage}
                isLoading={query.isFetchingNextPage}
                onMore={() => void query.fetchNextPage()}
              />
            </>
          );
          return (
            <>
              <Keys rows={rows} address={address} onEnd={() => query.hasNextPage && void query.fetchNextPage()} />
              {search ? (
                <Text role="status" color="fg.muted" mb={2}>
                  {search.sentence}
                  {search.is_complete ? "" : " There may be more."}
                </Text>
              ) : null}
              {rows.length === 0 ? (
                <NoSamples address={address} />
              ) : open === undefined ? (
                list
              ) : (
                <Flex gap={4} align="start" direction={{ base: "column", lg: "row" }}>
                  <Box
                    width={{ base: "100%", lg: "20rem" }}
                    flexShrink={0}
                    position={{ base: "static", lg: "sticky" }}
                    top={0}
                    maxH={{ base: "14rem", lg: "calc(100vh - 2rem)" }}
                    overflowY="auto"
                  >
                    {list}
                  </Box>
                  <OpenSamples open={open} beside={address.get("beside")} address={address} />
                </Flex>
              )}
            </>
          );
        }}
      </Ready>
    </>
  );
}

interface KeysProps {
  rows: readonly Schemas["SampleLine"][];
  address: AddressState;
  onEnd: () => void;
}

/** Listens for the keys of this page, except where somebody types. */
function Keys({ rows, address, onEnd }: KeysProps) {
  useEffect(() => {
    const go = (step: number) => {
      const now = addressNow();
      const open = now.get("open");
      const place = rows.findIndex((row) => row.sample_id === (open ?? now.get("at"))) + step;
      const row = rows[Math.max(0, Math.min(rows.length - 1, place))];
      if (!row) return;
      address.set({ at: row.sample_id, ...(open === null ? {} : { open: row.sample_id }) }, { replace: true });
      if (place >= rows.length - 1) onEnd();
    };
    const keep = () => {
      const now = addressNow();
      const open = now.get("open");
      if (open !== null) address.set({ beside: now.get("beside") === open ? null : open });
    };
    const actions: Record<string, () => void> = {
      j: () => go(1),
      k: () => go(-1),
      p: keep,
      enter: () => address.set({ open: addressNow().get("at") }),
      escape: () => address.set(addressNow().has("beside") ? { beside: null } : { open: null }),
    };
    const listen = (event: KeyboardEvent) => {
      const target = event.target instanceof HTMLElement ? event.target : null;
      const isTyping = target?.closest("input, textarea, select, [contenteditable]");
      const isOnControl = event.key === "Enter" && target?.closest("a, button, summary");
      if (isTyping || isOnControl || event.ctrlKey || event.metaKey || event.altKey) return;
      const act = actions[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [rows, address, onEnd]);
  return null;
}
