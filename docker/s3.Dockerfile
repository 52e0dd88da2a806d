# The S3 server, with a data folder that its unprivileged user owns: a new volume gets the owner of the folder.
FROM versity/versitygw:v1.8.0
RUN mkdir -p /data && chown 10001:10001 /data
COPY s3-server.sh /usr/local/bin/s3-server.sh
USER 10001:10001
ENTRYPOINT ["sh", "/usr/local/bin/s3-server.sh"]
