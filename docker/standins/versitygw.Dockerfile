# Stands in for versity/versitygw: the Swift that `caco up` uses as its S3 server, behind the command of versitygw.
# The context is the root of the repository.
ARG PYTHON
FROM ${PYTHON}
LABEL caco.standin=1
RUN apt-get update && apt-get install --yes --no-install-recommends wget && rm -rf /var/lib/apt/lists/*
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    pip install --no-cache-dir "swift==2.38.3" "setuptools<81"
COPY caco_tasks/__init__.py caco_tasks/addresses.py caco_tasks/atomic.py caco_tasks/errors.py /opt/standin/caco_tasks/
COPY caco_tasks/platform /opt/standin/caco_tasks/platform
COPY docker/standins/versitygw.py /opt/standin/versitygw.py
ENV PYTHONPATH=/opt/standin
RUN printf '#!/bin/sh\nexec python /opt/standin/versitygw.py "$@"\n' > /usr/local/bin/versitygw && chmod 755 /usr/local/bin/versitygw
ENTRYPOINT ["versitygw"]
