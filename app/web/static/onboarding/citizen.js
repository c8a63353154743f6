// A citizen's number and the QR on the card, read as app/households/registry/citizen.py reads them.

import { facts } from "./facts.js";

const provinces = new Set(facts.provinces);

/** {number, female, birth_year}, or {wrong: "digits" | "province" | "birth_year"}. Spaces, dots and dashes are allowed. */
export function parseNumber(text, thisYear = new Date().getFullYear()) {
  const number = text.replace(/[\s.-]/g, "");
  if (!/^[0-9]{12}$/.test(number)) return { wrong: "digits" };
  if (!provinces.has(number.slice(0, 3))) return { wrong: "province" };
  const mark = Number(number[3]);
  const birthYear = 1900 + 100 * Math.floor(mark / 2) + Number(number.slice(4, 6));
  if (birthYear < thisYear - facts.oldest_years || birthYear > thisYear) return { wrong: "birth_year" };
  return { number, female: mark % 2 === 1, birth_year: birthYear };
}

/** {number, name, address} of `number|old number|name|ddmmyyyy|sex|address|issue date`; null when it is no card's text. */
export function parseCard(text) {
  const parts = text.normalize("NFC").trim().split("|").map((part) => part.trim());
  if (parts.length < 6 || parts.length > 12) return null;
  const [number, , name, born, , address] = parts;
  const read = parseNumber(number);
  if (read.wrong || !name || !/^\d{8}$/.test(born) || Number(born.slice(4)) !== read.birth_year) return null;
  return { number: read.number, name, address: address ?? "" };
}
