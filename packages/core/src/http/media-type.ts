/** The media type of a `Content-Type` field without its parameters; case does not matter (RFC 9110 §8.3.1). */
export function readMediaType(field: string | null | undefined): string | undefined {
  return field?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Any type whose content is JSON: `application/json`, and those that end in `+json` (RFC 6839 §3.1). */
export function isJsonMediaType(type: string | undefined): boolean {
  return type !== undefined && /^application\/(?:[\w.-]+\+)?json$/.test(type);
}
