/** The parts of a language tag in their order (RFC 5646 §2.1), the irregular tags of the registry before it left out. */
const tag = [
  /(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})/, // language, with extended ones
  /(?:-[a-z]{4})?/, // script
  /(?:-(?:[a-z]{2}|[0-9]{3}))?/, // region
  /(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*/, // variants
  /(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*/, // extensions
  /(?:-x(?:-[a-z0-9]{1,8})+)?/, // private use
].map(({ source }) => source);

const wellFormed = new RegExp(`^(?:${tag.join('')}|x(?:-[a-z0-9]{1,8})+)$`, 'i');

/** True for a text with the form of a language tag (BCP 47). Whether there is such a language, the registry knows. */
export function isLanguageTag(text: string): boolean {
  return wellFormed.test(text);
}
