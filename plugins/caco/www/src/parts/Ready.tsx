/** Data once they are there; until then, what is loading or what went wrong. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Failure, Loading } from "src/parts/notices";

interface Props<Data> {
  query: UseQueryResult<Data, unknown>; // the client throws a RequestError, whatever its types say
  what: string;
  children: (data: Data) => ReactNode;
}

export function Ready<Data>({ query, what, children }: Props<Data>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error instanceof Error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading what={what} />;
}
