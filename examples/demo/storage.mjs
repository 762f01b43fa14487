/**
 * Where oidc-provider keeps sessions, grants and codes: a map per server, gone when the server is. Its own in-memory
 * adapter would do the same, with a warning. Everything here lives for seconds, so nothing is ever swept.
 */
export function createStorage() {
  /** @type {Map<string, Record<string, any>>} */
  const records = new Map();

  /** @param {string} model */
  return (model) => {
    const prefix = `${model}:`;
    const ofThisModel = () => [...records].filter(([key]) => key.startsWith(prefix));
    return {
      /** @param {string} id @param {Record<string, any>} record */
      async upsert(id, record) {
        records.set(prefix + id, record);
      },
      /** @param {string} id */
      async find(id) {
        return records.get(prefix + id);
      },
      /** @param {string} uid */
      async findByUid(uid) {
        return ofThisModel().find(([, record]) => record.uid === uid)?.[1];
      },
      /** @param {string} id */
      async consume(id) {
        const record = records.get(prefix + id);
        if (record) record.consumed = Math.floor(Date.now() / 1000);
      },
      /** @param {string} id */
      async destroy(id) {
        records.delete(prefix + id);
      },
      /** @param {string} grantId */
      async revokeByGrantId(grantId) {
        for (const [key, record] of ofThisModel()) if (record.grantId === grantId) records.delete(key);
      },
    };
  };
}
