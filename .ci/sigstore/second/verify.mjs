// A second opinion on attestations, by two versions of Sigstore's JavaScript library, which shares no code with the program.
//
//   node verify.mjs FOLDER
//
// FOLDER has trusted_root.json, expected.json ({"name", "issuer", "files": [{"bundle", "subject", "sha256"}]}) and the bundles.
// It ends with 0 if each bundle verifies for its file and this identity, and no damaged one does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as bundle4 from '@sigstore/bundle';
import * as bundle5 from 'bundle-5';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import * as verify3 from '@sigstore/verify';
import * as verify4 from 'verify-4';

const folder = process.argv[2];
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

const expected = read('expected.json');
const trusted = TrustedRoot.fromJSON(read('trusted_root.json'));
const libraries = [{ ...bundle4, ...verify3 }, { ...bundle5, ...verify4 }];

function verify({ bundleFromJSON, Verifier, toSignedEntity, toTrustMaterial }, json, file) {
  const verifier = new Verifier(toTrustMaterial(trusted), { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 });
  const [entry, ...others] = json.verificationMaterial.tlogEntries;
  if (others.length || !entry.inclusionPromise || !entry.inclusionProof) {
    throw new Error('not one entry with promise and proof');
  }
  verifier.verify(toSignedEntity(bundleFromJSON(json)), {
    subjectAlternativeName: expected.name,
    extensions: { issuer: expected.issuer },
  });
  const [subject, ...more] = JSON.parse(Buffer.from(json.dsseEnvelope.payload, 'base64')).subject;
  if (more.length || subject.name !== file.subject || subject.digest.sha256 !== file.sha256) {
    throw new Error(`the statement is about ${JSON.stringify(subject)}`);
  }
}

// flip changes one bit of a base64 text, far enough from its beginning to be in the value and not in its encoding.
function flip(text) {
  const bytes = Buffer.from(text, 'base64');
  bytes[bytes.length - 5] ^= 1;
  return bytes.toString('base64');
}

// What is damaged in a bundle, one thing at a time. The proof of a tree of one leaf has no hashes, and then gets one.
const damages = {
  promise: (entry) => { entry.inclusionPromise.signedEntryTimestamp = flip(entry.inclusionPromise.signedEntryTimestamp); },
  proof: ({ inclusionProof: p }) => { p.hashes[0] = flip(p.hashes[0] ?? p.rootHash); },
  'log index': (entry) => { entry.logIndex = String(Number(entry.logIndex) + 1); },
  time: (entry) => { entry.integratedTime = String(Number(entry.integratedTime) + 1); },
  signature: (_, { dsseEnvelope: e }) => { e.signatures[0].sig = flip(e.signatures[0].sig); },
  statement: (_, { dsseEnvelope: e }) => { e.payload = flip(e.payload); },
  certificate: (_, { verificationMaterial: { certificate: c } }) => { c.rawBytes = flip(c.rawBytes); },
};

let refused = 0;
for (const file of expected.files) {
  const json = read(file.bundle);
  for (const library of libraries) {
    verify(library, json, file);
    for (const [name, damage] of Object.entries(damages)) {
      const damaged = structuredClone(json);
      damage(damaged.verificationMaterial.tlogEntries[0], damaged);
      try {
        verify(library, damaged, file);
      } catch {
        refused++;
        continue;
      }
      throw new Error(`${file.bundle}: verifies with a damaged ${name}`);
    }
  }
}
console.log(`${expected.files.length} bundles verified by ${libraries.length} libraries, ${refused} damaged ones refused`);
