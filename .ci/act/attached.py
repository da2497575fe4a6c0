"""Holds a GitHub release of serve to what the index and a job of act say of the project sample 1.0.0: both files byte for byte, the
attestations that the index serves of them as Sigstore's bundles, the manifest that the job has told, and nothing else. It prints what is
not so.

    python3 .ci/act/attached.py ENV_FILE TAG FOLDER JOB     the folder has the artifacts and the log of the run
"""

import base64
import hashlib
import json
import pathlib
import re
import sys
import urllib.request

env_file, tag, folder, job = sys.argv[1:]
env = dict(line.split("=", 1) for line in pathlib.Path(env_file).read_text().splitlines())
here = pathlib.Path(folder)

def get(address, accept="application/json", token=env["INPUT_GITHUB-TOKEN"]):
    request = urllib.request.Request(address, headers={"Accept": accept})
    if token:
        request.add_unredirected_header("Authorization", "Bearer " + token)
    return urllib.request.urlopen(request, timeout=30).read()

releases = f"{env['GITHUB_API_URL']}/repos/{env['GITHUB_REPOSITORY']}/releases"
release = json.loads(get(f"{releases}/tags/{tag}"))
assets = {}
for asset in json.loads(get(f"{releases}/{release['id']}/assets?per_page=100")):
    content = get(f"{releases}/assets/{asset['id']}", "application/octet-stream")
    assets[asset["name"]] = content
    if asset["state"] != "uploaded" or asset["digest"] != "sha256:" + hashlib.sha256(content).hexdigest():
        print("not whole:", asset)

files = {path.name: path.read_bytes() for path in here.glob("artifacts/*/*")}
wanted = {"sample-1.0.0.manifest.json", *files, *(name + ".publish.sigstore.json" for name in files)}
if len(files) != 2 or set(assets) != wanted:
    sys.exit(f"built {sorted(files)}, and the release has {sorted(assets)}")
for name, content in files.items():
    if assets[name] != content:
        print("the release has another", name)
    served = json.loads(get(f"{env['STAGE_URL']}/integrity/sample/1.0.0/{name}/provenance", token=""))
    (attestation,) = served["attestation_bundles"][0]["attestations"]
    material, envelope = attestation["verification_material"], attestation["envelope"]
    if json.loads(assets[name + ".publish.sigstore.json"]) != {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": envelope["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": envelope["signature"]}],
        },
    }:
        print("the bundle is not the attestation of", name)
    subject = json.loads(base64.b64decode(envelope["statement"]))["subject"]
    if subject != [{"name": name, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}]:
        print("the attestation is of", subject, "and not of", name)

# The output is told when all is done; the asset, when its own phase goes on and nothing has ended.
told = json.loads(re.findall(rf"/{job} *\].*set-output:: manifest=(.*)", (here / "log").read_text())[-1])
manifest = json.loads(assets["sample-1.0.0.manifest.json"])
for one in told, manifest:
    one.pop("ended", None)
    one["phases"][-1].pop("ended", None)
attached = told.pop("github-release")  # which an asset cannot know of itself
if manifest != told or manifest["result"] != "unchanged" or attached != "attached":
    print("the manifest is", manifest, "and not", told)
