# What a program that uses boto3 does, part by part, with boto3's defaults: python scenario.py PART. The endpoint and the credentials come
# from the environment (AWS_ENDPOINT_URL, ...). Every answer is compared; the first that differs ends the script with an error.

import base64
import datetime
import hashlib
import io
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
s3 = boto3.client("s3")
checks = 0


def check(actual, expected, what):
    global checks
    checks += 1
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} instead of {expected!r}")


def check_error(code, status, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        check(error.response["Error"]["Code"], code, f"error code of {call.__name__}")
        check(error.response["ResponseMetadata"]["HTTPStatusCode"], status, f"status of {call.__name__}")
        return
    raise AssertionError(f"{call.__name__} was not refused with {code}")


def body_of(length, seed=1):
    return hashlib.shake_128(bytes([seed])).digest(length)


def empty_and_delete(bucket):
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        rows = page.get("Versions", []) + page.get("DeleteMarkers", [])
        for row in rows:
            s3.delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def buckets():
    bucket = "boto3-buckets"
    s3.create_bucket(Bucket=bucket)
    check(bucket in [row["Name"] for row in s3.list_buckets()["Buckets"]], True, "the bucket is listed")
    check(s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"], 200, "head")
    check(s3.get_bucket_location(Bucket=bucket).get("LocationConstraint"), None, "location")
    check_error("404", 404, s3.head_bucket, Bucket="boto3-no-such-bucket")
    check_error("NoSuchBucket", 404, s3.list_objects_v2, Bucket="boto3-no-such-bucket")
    check_error("InvalidBucketName", 400, s3.create_bucket, Bucket="no")
    tags = [{"Key": "team", "Value": "storage + co"}, {"Key": "cost-center:a/b", "Value": "1/10 @ 2"}]
    check_error("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    by_key = lambda rows: sorted(rows, key=lambda row: row["Key"])
    check(by_key(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]), by_key(tags), "tags")
    s3.delete_bucket_tagging(Bucket=bucket)
    check_error("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    check_error("BucketNotEmpty", 409, s3.delete_bucket, Bucket=bucket)
    empty_and_delete(bucket)
    check_error("404", 404, s3.head_bucket, Bucket=bucket)


def objects():
    bucket = "boto3-objects"
    s3.create_bucket(Bucket=bucket)
    for length in (0, 1, 10_240, 10_241, 3 * MIB + 7):
        body = body_of(length)
        put = s3.put_object(Bucket=bucket, Key=f"of {length}", Body=body)
        check(put["ETag"], f'"{hashlib.md5(body).hexdigest()}"', "ETag")
        got = s3.get_object(Bucket=bucket, Key=f"of {length}")
        check(got["ContentLength"], length, "length")
        check(got["Body"].read(), body, "body")
    body = body_of(50_000, 2)
    s3.put_object(
        Bucket=bucket,
        Key="described",
        Body=io.BytesIO(body),
        ContentType="image/x-none",
        CacheControl="max-age=60",
        ContentDisposition='attachment; filename="x y.bin"',
        ContentEncoding="x-none",
        ContentLanguage="de",
        Metadata={"colour": "green", "mixed-Case": "kept value"},
        Tagging="stage=test&kind=a%20b",
        ChecksumAlgorithm="SHA256",
    )
    head = s3.head_object(Bucket=bucket, Key="described", ChecksumMode="ENABLED")
    check(head["ContentType"], "image/x-none", "type")
    check(head["CacheControl"], "max-age=60", "cache control")
    check(head["ContentDisposition"], 'attachment; filename="x y.bin"', "disposition")
    check(head["ContentEncoding"], "x-none", "encoding")
    check(head["ContentLanguage"], "de", "language")
    check(head["Metadata"], {"colour": "green", "mixed-case": "kept value"}, "metadata")
    check("ChecksumSHA256" in head, True, "checksum")
    tags = s3.get_object_tagging(Bucket=bucket, Key="described")["TagSet"]
    check(sorted((tag["Key"], tag["Value"]) for tag in tags), [("kind", "a b"), ("stage", "test")], "tags")
    for asked, expected in (("bytes=0-0", body[:1]), ("bytes=100-199", body[100:200]), ("bytes=-7", body[-7:]), ("bytes=49990-", body[49990:])):
        check(s3.get_object(Bucket=bucket, Key="described", Range=asked)["Body"].read(), expected, asked)
    check_error("InvalidRange", 416, s3.get_object, Bucket=bucket, Key="described", Range="bytes=50000-")
    check_error("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="none")
    check_error("404", 404, s3.head_object, Bucket=bucket, Key="none")
    check_error("304", 304, s3.get_object, Bucket=bucket, Key="described", IfNoneMatch=head["ETag"])
    check_error("PreconditionFailed", 412, s3.get_object, Bucket=bucket, Key="described", IfMatch='"other"')
    check_error("PreconditionFailed", 412, s3.put_object, Bucket=bucket, Key="described", Body=b"", IfNoneMatch="*")
    check_error("BadDigest", 400, s3.put_object, Bucket=bucket, Key="wrong", Body=b"abc", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "described"})
    check(s3.get_object(Bucket=bucket, Key="copy")["Body"].read(), body, "copy")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "described"}, MetadataDirective="REPLACE", Metadata={"new": "1"})
    check(s3.head_object(Bucket=bucket, Key="copy")["Metadata"], {"new": "1"}, "replaced metadata")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "copy"}, {"Key": "never was"}, {"Key": "of 0"}]})
    check(sorted(row["Key"] for row in answer["Deleted"]), ["copy", "never was", "of 0"], "deleted")
    check_error("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="copy")
    empty_and_delete(bucket)


def transfers():
    bucket = "boto3-transfers"
    s3.create_bucket(Bucket=bucket)
    body = body_of(35 * MIB + 11, 3)
    s3.upload_fileobj(io.BytesIO(body), bucket, "large", ExtraArgs={"Metadata": {"how": "in parts"}})
    head = s3.head_object(Bucket=bucket, Key="large")
    check(head["ETag"].strip('"').split("-")[1], "5", "parts of the ETag")
    check(head["Metadata"], {"how": "in parts"}, "metadata")
    back = io.BytesIO()
    s3.download_fileobj(bucket, "large", back)
    check(back.getvalue(), body, "the body")
    part = s3.get_object(Bucket=bucket, Key="large", PartNumber=2)
    check((part["PartsCount"], part["ContentLength"]), (5, 8 * MIB), "part 2")
    check(part["Body"].read(), body[8 * MIB : 16 * MIB], "bytes of part 2")
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copied")
    check(s3.get_object(Bucket=bucket, Key="copied")["Body"].read(), body, "the copy")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="by hand")["UploadId"]
    tags = [s3.upload_part(Bucket=bucket, Key="by hand", UploadId=upload, PartNumber=n, Body=body[(n - 1) * 5 * MIB : n * 5 * MIB])["ETag"] for n in (1, 2)]
    source = {"Bucket": bucket, "Key": "large"}
    copied = s3.upload_part_copy(Bucket=bucket, Key="by hand", UploadId=upload, PartNumber=3, CopySource=source, CopySourceRange="bytes=10-1000")
    tags.append(copied["CopyPartResult"]["ETag"])
    parts = s3.list_parts(Bucket=bucket, Key="by hand", UploadId=upload)["Parts"]
    check([row["Size"] for row in parts], [5 * MIB, 5 * MIB, 991], "sizes of the parts")
    uploads = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    check([row["UploadId"] for row in uploads if row["Key"] == "by hand"], [upload], "uploads under way")
    order = [{"PartNumber": n + 1, "ETag": tag} for n, tag in enumerate(tags)]
    check_error("InvalidPartOrder", 400, s3.complete_multipart_upload, Bucket=bucket, Key="by hand", UploadId=upload, MultipartUpload={"Parts": order[::-1]})
    s3.complete_multipart_upload(Bucket=bucket, Key="by hand", UploadId=upload, MultipartUpload={"Parts": order})
    check(s3.get_object(Bucket=bucket, Key="by hand")["Body"].read(), body[: 10 * MIB] + body[10:1001], "joined parts")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="given up")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="given up", UploadId=upload, PartNumber=1, Body=b"abc")
    s3.abort_multipart_upload(Bucket=bucket, Key="given up", UploadId=upload)
    check_error("NoSuchUpload", 404, s3.list_parts, Bucket=bucket, Key="given up", UploadId=upload)
    empty_and_delete(bucket)


def listings():
    bucket = "boto3-listings"
    s3.create_bucket(Bucket=bucket)
    keys = sorted([f"{folder}/{number:03}" for folder in ("a", "b", "c d", "é") for number in range(30)] + ["root", "z+%&?"], key=lambda key: key.encode())
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for name, rows in (("list_objects_v2", "Contents"), ("list_objects", "Contents"), ("list_object_versions", "Versions")):
        pages = list(s3.get_paginator(name).paginate(Bucket=bucket, PaginationConfig={"PageSize": 7}))
        check([row["Key"] for page in pages for row in page.get(rows, [])], keys, name)
        check(len(pages), -(-len(keys) // 7), f"pages of {name}")
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    check([row["Prefix"] for row in page["CommonPrefixes"]], ["a/", "b/", "c d/", "é/"], "prefixes")
    check([row["Key"] for row in page["Contents"]], ["root", "z+%&?"], "keys beside them")
    page = s3.list_objects_v2(Bucket=bucket, Prefix="c d/", StartAfter="c d/027")
    check([row["Key"] for row in page["Contents"]], ["c d/028", "c d/029"], "after a key")
    for key in keys[::40]:
        check(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), key.encode(), key)
    empty_and_delete(bucket)


def versions():
    bucket = "boto3-versions"
    s3.create_bucket(Bucket=bucket)
    check(s3.get_bucket_versioning(Bucket=bucket).get("Status"), None, "versioning at first")
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"second")["VersionId"]
    for version, body in (("null", b"before"), (first, b"first"), (second, b"second")):
        check(s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read(), body, f"version {version}")
    marker = s3.delete_object(Bucket=bucket, Key="k")
    check(marker["DeleteMarker"], True, "a marker")
    check_error("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="k")
    check_error("MethodNotAllowed", 405, s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    listing = s3.list_object_versions(Bucket=bucket)
    check([row["VersionId"] for row in listing["Versions"]], [second, first, "null"], "versions, newest first")
    check([row["IsLatest"] for row in listing["DeleteMarkers"]], [True], "the marker is the latest")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    check(s3.get_object(Bucket=bucket, Key="k")["Body"].read(), b"second", "the marker is gone")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=second)
    check(s3.get_object(Bucket=bucket, Key="k")["Body"].read(), b"first", "the version before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"null again")
    check(s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read(), b"null again", "the null version")
    check(len(s3.list_object_versions(Bucket=bucket)["Versions"]), 2, "one null version")
    empty_and_delete(bucket)


def links():
    # Left alone, boto3 still signs links to us-east-1 in the old way (V2), which AWS itself takes from old buckets only.
    s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
    bucket = "boto3-links"
    s3.create_bucket(Bucket=bucket)
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "by link"}, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(put, data=b"linked", method="PUT")) as response:
        check(response.status, 200, "PUT by a link")
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "by link", "ResponseContentType": "text/x-link"}, ExpiresIn=60)
    with urllib.request.urlopen(get) as response:
        check(response.read(), b"linked", "GET by a link")
        check(response.headers["Content-Type"], "text/x-link", "type by a link")
    try:
        urllib.request.urlopen(get.replace("by%20link", "by%20luck"))
        raise AssertionError("an altered link was taken")
    except urllib.error.HTTPError as error:
        check(error.code, 403, "status of an altered link")
        check(b"<Code>SignatureDoesNotMatch</Code>" in error.read(), True, "error of an altered link")
    form = s3.generate_presigned_post(bucket, "forms/${filename}", Conditions=[["starts-with", "$key", "forms/"], ["content-length-range", 1, 100]])
    for length, status in ((5, 204), (101, 400)):
        check(post_form(form, b"x" * length), status, f"POST of {length} bytes")
    check(s3.get_object(Bucket=bucket, Key="forms/name of file.txt")["Body"].read(), b"xxxxx", "by the form")
    empty_and_delete(bucket)


def post_form(form, body):
    boundary = b"----a-boundary-of-the-suite"
    lines = []
    for name, value in form["fields"].items():
        lines += [b"--" + boundary, f'Content-Disposition: form-data; name="{name}"'.encode(), b"", value.encode()]
    lines += [b"--" + boundary, b'Content-Disposition: form-data; name="file"; filename="name of file.txt"', b"Content-Type: text/plain", b"", body]
    lines += [b"--" + boundary + b"--", b""]
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"}
    request = urllib.request.Request(form["url"], data=b"\r\n".join(lines), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def resources():
    bucket = "boto3-resources"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True, ObjectOwnership="ObjectWriter")
    at = {"Bucket": bucket, "Key": "k"}
    old = s3.put_object(**at, Body=b"old", Tagging="of=old")["VersionId"]
    new = s3.put_object(**at, Body=b"newer", ChecksumAlgorithm="SHA256")["VersionId"]
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    check(s3.put_object_tagging(**at, Tagging={"TagSet": tags})["VersionId"], new, "the version that was tagged")
    check(s3.get_object_tagging(**at)["TagSet"], tags, "tags of the newest")
    check(s3.get_object_tagging(**at, VersionId=old)["TagSet"], [{"Key": "of", "Value": "old"}], "tags of a version")
    check(s3.head_object(**at)["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"], "2", "count of tags")
    s3.delete_object_tagging(**at, VersionId=old)
    check(s3.get_object_tagging(**at, VersionId=old)["TagSet"], [], "no tags")
    asked = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    told = s3.get_object_attributes(**at, ObjectAttributes=asked)
    check((told["ObjectSize"], told["StorageClass"], told["VersionId"]), (5, "STANDARD", new), "attributes")
    digest = base64.b64encode(hashlib.sha256(b"newer").digest()).decode()
    check(told["Checksum"], {"ChecksumSHA256": digest, "ChecksumType": "FULL_OBJECT"}, "checksum")
    check_error("NoSuchObjectLockConfiguration", 404, s3.get_object_retention, **at)
    until = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=2)
    s3.put_object_retention(**at, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})
    check(s3.get_object_retention(**at)["Retention"], {"Mode": "GOVERNANCE", "RetainUntilDate": until}, "retention")
    check_error("AccessDenied", 403, s3.delete_object, **at, VersionId=new)
    sooner = {"Mode": "GOVERNANCE", "RetainUntilDate": until - datetime.timedelta(days=1)}
    check_error("AccessDenied", 403, s3.put_object_retention, **at, Retention=sooner)
    s3.put_object_retention(**at, Retention=sooner, BypassGovernanceRetention=True)
    s3.put_object_retention(**at, Retention={}, BypassGovernanceRetention=True)
    check_error("NoSuchObjectLockConfiguration", 404, s3.get_object_legal_hold, **at)
    for status in ("ON", "OFF"):
        s3.put_object_legal_hold(**at, LegalHold={"Status": status})
        check(s3.get_object_legal_hold(**at)["LegalHold"]["Status"], status, "legal hold")
        check(s3.head_object(**at)["ObjectLockLegalHoldStatus"], status, "legal hold in the head")
    s3.put_object_acl(**at, ACL="public-read")
    acl = s3.get_object_acl(**at)
    check([grant["Permission"] for grant in acl["Grants"]], ["FULL_CONTROL", "READ"], "grants")
    with urllib.request.urlopen(f"{s3.meta.endpoint_url}/{bucket}/k") as response:
        check(response.read(), b"newer", "what everybody may read")
    owner = {"Owner": acl["Owner"], "Grants": acl["Grants"][:1]}
    s3.put_object_acl(**at, AccessControlPolicy=owner)
    check(len(s3.get_object_acl(**at)["Grants"]), 1, "grants of a document")
    check_error("InvalidObjectState", 403, s3.restore_object, **at, RestoreRequest={"Days": 1})
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    check_error("AccessControlListNotSupported", 400, s3.put_object_acl, **at, ACL="public-read")
    empty_and_delete(bucket)


def encryption():
    bucket = "boto3-encryption"
    s3.create_bucket(Bucket=bucket)
    body = body_of(12 * MIB + 3, 9)
    small = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    over_tls = s3.meta.endpoint_url.startswith("https:")
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": body_of(32, 8)}
    kinds = {"sse-s3": {"ServerSideEncryption": "AES256"}, "sse-kms": {"ServerSideEncryption": "aws:kms"}}
    if over_tls:
        kinds["sse-c"] = key
    for kind, asked in kinds.items():
        for_read = key if kind == "sse-c" else {}
        s3.upload_fileobj(io.BytesIO(body), bucket, kind, ExtraArgs=asked, Config=small)
        head = s3.head_object(Bucket=bucket, Key=kind, **for_read)
        check(head["ContentLength"], len(body), f"length of {kind}")
        check(head.get("ServerSideEncryption"), asked.get("ServerSideEncryption"), f"encryption of {kind}")
        check("SSEKMSKeyId" in head, kind == "sse-kms", f"whether {kind} names a key")
        got = io.BytesIO()
        s3.download_fileobj(bucket, kind, got, ExtraArgs=for_read, Config=small)
        check(got.getvalue() == body, True, f"bytes of {kind}")
        border = s3.get_object(Bucket=bucket, Key=kind, Range=f"bytes={5 * MIB - 5}-{5 * MIB + 4}", **for_read)
        check(border["Body"].read(), body[5 * MIB - 5 : 5 * MIB + 5], f"the border of parts of {kind}")
        part = s3.get_object(Bucket=bucket, Key=kind, PartNumber=3, **for_read)
        check(part["Body"].read() == body[10 * MIB :], True, f"the last part of {kind}")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "sse-s3"}, ServerSideEncryption="aws:kms")
    check(s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body, True, "bytes of a copy under another key")
    s3.copy({"Bucket": bucket, "Key": "sse-kms"}, bucket, "copy-in-parts", ExtraArgs={"ServerSideEncryption": "AES256"}, Config=small)
    check(s3.get_object(Bucket=bucket, Key="copy-in-parts")["Body"].read() == body, True, "bytes of a copy in parts")
    if over_tls:
        check_error("400", 400, s3.head_object, Bucket=bucket, Key="sse-c")
        check_error("InvalidRequest", 400, s3.get_object, Bucket=bucket, Key="sse-c")
        other = {**key, "SSECustomerKey": body_of(32, 7)}
        check_error("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="sse-c", **other)
        check_error("InvalidRequest", 400, s3.get_object, Bucket=bucket, Key="sse-s3", **key)
    missing = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "no-such-key"}
    check_error("KMS.NotFoundException", 400, s3.put_object, Bucket=bucket, Key="k", Body=b"x", **missing)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    put = s3.put_object(Bucket=bucket, Key="by default", Body=b"by default")
    check(put["ServerSideEncryption"], "aws:kms", "the default of the bucket")
    check(s3.get_object(Bucket=bucket, Key="by default")["Body"].read(), b"by default", "bytes under the default")
    empty_and_delete(bucket)


{part.__name__: part for part in (buckets, objects, transfers, listings, versions, resources, links, encryption)}[sys.argv[1]]()
print(f"{checks} checks hold")
