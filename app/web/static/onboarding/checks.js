// Whether an answer can be right, in the words of the form. The server decides; this only saves a second walk.

import { parseNumber } from "./citizen.js";
import { facts, t } from "./facts.js";

const NAME = /^[\p{L}\p{M}]+(?:['’.\- ]+[\p{L}\p{M}]+)*\.?$/u;

export const tidy = (text) => (text ?? "").normalize("NFC").trim().replace(/\s+/g, " ");

export const fold = (text) =>
  (text ?? "").replace(/[đĐ]/g, "d").normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** `Nguyễn Thị Lan` as `Nguyễn T. L.`. */
export function maskName(text) {
  const [first = "", ...rest] = tidy(text).split(" ");
  return [first, ...rest.map((word) => `${word[0]}.`)].join(" ");
}

/** {field: sentence} of this step; empty when one may go on. */
export const checks = {
  hamlet: ({ fields }) => (fields.hamlet_code ? {} : { hamlet_code: t("err_hamlet") }),
  card: () => ({}),
  name({ fields }) {
    const name = tidy(fields.head_name);
    return NAME.test(name) && name.includes(" ") && name.length <= 80 ? {} : { head_name: t("err_name") };
  },
  number({ fields }) {
    const { wrong } = parseNumber(fields.citizen_id ?? "");
    return wrong ? { citizen_id: t(`err_${wrong}`) } : {};
  },
  phone({ fields, phone_kind: kind }) {
    if (!kind) return { phone_kind: t("err_choose") };
    if (kind === "none") return {};
    return /^(0|\+?84)[1-9]\d{8,9}$/.test((fields.phone ?? "").replace(/[\s.-]/g, "")) ? {} : { phone: t("err_phone") };
  },
  address({ fields }) {
    const address = tidy(fields.address);
    return address.length >= 3 && address.length <= 200 ? {} : { address: t("err_address") };
  },
  account({ fields }) {
    const { account_bin: bin, account_number: number, account_holder: holder } = fields;
    if (![bin, number, holder].some((text) => tidy(text))) return {};
    const found = {};
    if (!bin) found.account_bin = t("err_bank");
    if (!/^[0-9A-Za-z]{6,19}$/.test((number ?? "").replace(/[\s.-]/g, ""))) found.account_number = t("err_account");
    if (!NAME.test(tidy(holder))) found.account_holder = t("err_holder");
    return found;
  },
  photos: () => ({}),
  how(record) {
    if (!record.how) return { how: t("err_choose") };
    return record.how === "signed" && !record.signed ? { how: t("err_sign") } : {};
  },
  witness: ({ witness_name: name }) => (tidy(name).length >= 2 ? {} : { witness_name: t("err_witness") }),
};
for (const { purpose } of facts.purposes) {
  checks[`consent-${purpose}`] = ({ answers }) => (answers[purpose] ? {} : { [`consent-${purpose}`]: t("err_consent") });
}
