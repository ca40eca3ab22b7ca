# docker build .                                  serves; its bundled models are in it
# docker build --build-arg PROFILE=light .        with the models of a profile baked in (needs a hub)
# docker build --target full .                    converts too, so it fetches what it is asked for
#
# Behind mirrors: PYTHON_IMAGE, TORCH_INDEX (of torch's CPU builds; empty: none but pip's own),
# HF_ENDPOINT (the hub's).
# For the labels: SOURCE, REVISION (git rev-parse HEAD), CREATED (date -u +%FT%TZ).
#
# The serving image never has torch: models are converted in a stage of their own. A change of the
# code alone rebuilds nothing but the layers that hold it.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm
ARG PROFILE=bundled

# Of CTranslate2's module 66 of 68 MB are for debuggers. Nothing else is stripped: it breaks
# libraries that were bundled into a wheel. Only /opt/lur leaves this stage, so binutils is not pinned.
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
# hadolint ignore=DL3008
RUN apt-get update -qq \
 && apt-get install -qq -y --no-install-recommends binutils \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/serve.lock requirements/
RUN python -m venv --without-pip /opt/lur \
 && pip --python /opt/lur/bin/python install --require-hashes -r requirements/serve.lock \
 && find /opt/lur -path '*/ctranslate2/_ext.*.so' -exec strip --strip-debug {} + \
 && find /opt/lur -path '*/numpy/*' -name tests -prune -exec rm -rf {} + \
 && find /opt/lur -name __pycache__ -prune -exec rm -rf {} +
# Says what is in an environment; from one of its own, so that it is in no image.
COPY requirements/sbom.lock requirements/
RUN python -m venv --without-pip /opt/sbom \
 && pip --python /opt/sbom/bin/python install --require-hashes -r requirements/sbom.lock

# transformers works with torch only, which is not here; polyfactory makes up examples for OpenAPI,
# which we do not ask Litestar for.
FROM build AS packages
COPY pyproject.toml ./
RUN pip --python /opt/lur/bin/python uninstall --yes transformers polyfactory faker \
 && find /opt/lur -name __pycache__ -prune -exec rm -rf {} + \
 && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
      --output-file sbom.cdx.json /opt/lur/bin/python

FROM build AS converter
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements/convert.lock pyproject.toml ./
RUN pip --python /opt/lur/bin/python install ${TORCH_INDEX:+--extra-index-url="$TORCH_INDEX"} -r convert.lock \
 && find /opt/lur -name __pycache__ -prune -exec rm -rf {} + \
 && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
      --output-file sbom.cdx.json /opt/lur/bin/python

# What comes with the source needs no converter; another profile is fetched and converted here.
FROM build AS models
ARG PROFILE
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements/convert.lock requirements/
RUN if [ "$PROFILE" != bundled ]; then \
      pip --python /opt/lur/bin/python install ${TORCH_INDEX:+--extra-index-url="$TORCH_INDEX"} -r requirements/convert.lock; \
    fi
ARG HF_ENDPOINT
ENV PYTHONPATH=/app LUR_MODEL_CACHE=/models
COPY model_cache/bundled model_cache/bundled
COPY service/ service/
RUN mkdir /models \
 && if [ "$PROFILE" != bundled ]; then \
      /opt/lur/bin/python -m service.cli pull --profile "$PROFILE" \
      && rm -rf /models/hub /models/archives/*.zip /models/locks; \
    fi

# What both images are. The cache belongs to nobody in particular, so that any user id can fill it.
FROM ${PYTHON_IMAGE} AS base
RUN groupadd --gid 10001 lur && useradd --uid 10001 --gid 10001 --no-create-home lur \
 && mkdir /var/lib/lur && chmod 1777 /var/lib/lur
ENV PATH=/opt/lur/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LUR_MODEL_CACHE=/var/lib/lur LUR_HOST=0.0.0.0 LUR_PORT=8000
# Only an address that others can reach can be published, and who publishes the port decides who
# those are. Where that is everybody, LUR_API_KEYS_FILE names a mounted file of keys.
ENV LUR_OPEN=yes
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["python", "-m", "service.cli"]
CMD ["serve"]
ARG PYTHON_IMAGE
LABEL org.opencontainers.image.title="Lur" \
      org.opencontainers.image.description="Summaries of English articles, and translations into Armenian and Russian" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"

FROM base AS full
ENV LUR_PROFILE=standard
COPY --from=converter /opt/lur /opt/lur
COPY --from=converter /app/sbom.cdx.json /app/
COPY LICENSE /app/
COPY model_cache/bundled /app/model_cache/bundled
VOLUME /var/lib/lur
ARG SOURCE
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY service/ /app/service/

FROM base AS serving
ARG PROFILE
ENV LUR_PROFILE=${PROFILE}
COPY --from=packages /opt/lur /opt/lur
COPY --from=packages /app/sbom.cdx.json /app/
COPY LICENSE /app/
COPY model_cache/bundled /app/model_cache/bundled
COPY --from=models --chown=10001:10001 /models /var/lib/lur
VOLUME /var/lib/lur
ARG SOURCE
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY service/ /app/service/
