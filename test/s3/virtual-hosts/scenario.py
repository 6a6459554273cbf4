"""boto3 with buckets in the host: every call goes to BUCKET.s3.localhost. Prints how many checks hold."""

import io
import os
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

MIB = 1024 * 1024
checks = 0
hosts = set()


def check(actual, expected, what):
    global checks
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} is not {expected!r}")
    checks += 1


s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
s3.meta.events.register("before-send.s3", lambda request, **_: hosts.add(request.url.split("/")[2]))
bucket = "boto3-by-host"
s3.create_bucket(Bucket=bucket)
body = os.urandom(13 * MIB + 5)
key = "a folder/größe + 100%.bin"
s3.put_object(Bucket=bucket, Key="small", Body=b"small")
check(s3.get_object(Bucket=bucket, Key="small")["Body"].read(), b"small", "small")
s3.upload_fileobj(io.BytesIO(body), bucket, key, Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
check(s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"').split("-")[1], "3", "parts")
s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
back = io.BytesIO()
s3.download_fileobj(bucket, "copy", back)
check(back.getvalue() == body, True, "the copy")
check([row["Key"] for row in s3.list_objects_v2(Bucket=bucket)["Contents"]], sorted(["copy", "small", key]), "keys")
check(bucket in [row["Name"] for row in s3.list_buckets()["Buckets"]], True, "buckets")
put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "linked"})
with urllib.request.urlopen(urllib.request.Request(put, data=b"by a link", method="PUT")) as response:
    check(response.status, 200, "PUT by a link")
with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "linked"})) as response:
    check(response.read(), b"by a link", "GET by a link")
gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in ("small", "copy", "linked", key)]})
check(len(gone["Deleted"]), 4, "deleted")
s3.delete_bucket(Bucket=bucket)
host = os.environ["AWS_ENDPOINT_URL"].split("/")[2]
check(hosts, {host, f"{bucket}.{host}"}, "hosts")
print(f"{checks} checks hold")
