/** Links to pages of ours, all within Airflow's router, so that they work under its prefix and never nest it. */

import { chakra, HStack } from "@chakra-ui/react";
import type { ComponentProps, ReactNode } from "react";
import { Link as RouterLink } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { CopyButton } from "src/parts/CopyButton";
import { shortId } from "src/parts/numbers";
import { datasetPath, modelPath, runPath, samplePath } from "src/parts/paths";

const StyledLink = chakra(RouterLink);

/** A link within Airflow's router, underlined so that it is told from text without its colour. */
export function PageLink(props: ComponentProps<typeof StyledLink>) {
  return (
    <StyledLink
      color="fg.info"
      textDecorationLine="underline"
      textDecorationColor="border.emphasized"
      textUnderlineOffset="3px"
      _hover={{ textDecorationColor: "currentColor" }}
      {...props}
    />
  );
}

interface IdProps {
  id: string;
  path: string;
}

/** An id, shortened to read and whole to copy. */
export function IdLink({ id, path }: IdProps) {
  return (
    <HStack as="span" gap={0} display="inline-flex">
      <PageLink to={path} title={id} fontFamily="mono" fontSize="sm">
        {shortId(id)}
      </PageLink>
      <CopyButton text={id} label="copy" />
    </HStack>
  );
}

export const SampleLink = ({ id }: { id: string }) => <IdLink id={id} path={samplePath(id)} />;
export const ModelLink = ({ id }: { id: string }) => (
  <PageLink to={modelPath(id)} title={id} overflowWrap="anywhere">
    {/^[0-9a-f]{32,}$/.test(id) ? shortId(id) : id}
  </PageLink>
);

/** A run beside others of its date and config. */
export function runName(run: Schemas["RunRef"]): string {
  return `${run.partition} ${run.config} ${shortId(run.run_id)}`;
}

/** A run by what people know it by: date and config, with the pipeline where it is not a nightly one. */
export function RunLink({ run, children }: { run: Schemas["RunRef"]; children?: ReactNode }) {
  const pipeline = run.pipeline === "nightly" ? "" : ` ${run.pipeline}`;
  return (
    <PageLink to={runPath(run.run_id)} title={run.run_id} whiteSpace="nowrap">
      {children ?? `${run.partition} ${run.config}${pipeline}`}
    </PageLink>
  );
}

export function DatasetLink({ dataset, version }: { dataset: string; version: string }) {
  return <PageLink to={datasetPath(`${dataset}/${version}`)}>{`${dataset}/${version}`}</PageLink>;
}
