/** A part of a page under its heading, and the heading of a page. */

import { Box, Flex, Heading, HStack } from "@chakra-ui/react";
import { useEffect, type ReactNode } from "react";

interface TitleProps {
  title: string;
  beside?: ReactNode;
  children?: ReactNode;
}

/** The one heading of a page, which also names the browser's tab; `beside` are its actions. */
export function PageTitle({ title, beside, children }: TitleProps) {
  useEffect(() => {
    const before = document.title;
    document.title = `${title} · Caco`;
    return () => {
      document.title = before;
    };
  }, [title]);
  return (
    <Box mb={4}>
      <Flex align="center" justify="space-between" gap={3} wrap="wrap">
        <Heading as="h1" size="lg" overflowWrap="anywhere">
          {title}
        </Heading>
        {beside ? <HStack gap={2}>{beside}</HStack> : null}
      </Flex>
      {children ? (
        <Box color="fg.muted" fontSize="sm" mt={1}>
          {children}
        </Box>
      ) : null}
    </Box>
  );
}

interface SectionProps extends TitleProps {
  id?: string;
}

export function Section({ title, beside, children, id }: SectionProps) {
  return (
    <Box as="section" id={id} mt={6}>
      <Flex align="center" justify="space-between" gap={3} mb={2} wrap="wrap">
        <Heading as="h2" size="sm">
          {title}
        </Heading>
        {beside ? <HStack gap={2}>{beside}</HStack> : null}
      </Flex>
      {children}
    </Box>
  );
}
