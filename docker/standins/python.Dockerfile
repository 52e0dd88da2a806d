# Stands in for python:3.11-slim-bookworm: Debian's Python 3.11, which lets pip and uv install for the whole system.
FROM caco-standin-debian:bookworm
LABEL caco.standin=1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-pip python3-setuptools python3-wheel \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3.11/EXTERNALLY-MANAGED \
    && ln -s python3 /usr/bin/python
CMD ["python"]
