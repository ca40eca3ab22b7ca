# docker build .                                  serves; its bundled models are in it
# docker build --build-arg PROFILE=light .        with the models of a profile baked in (needs a hub)
# docker build --target full .                    converts too, so it fetches what it is asked for
#
# The serving image never has torch: models are converted in a stage of their own.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG PROFILE=bundled

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
WORKDIR /app
COPY requirements/serve.lock requirements/
RUN python -m venv /opt/lur \
 && /opt/lur/bin/pip install --require-hashes -r requirements/serve.lock

# transformers works with torch only, which is not here. pip has done its work.
FROM build AS packages
RUN /opt/lur/bin/pip uninstall --yes transformers pip setuptools \
 && find /opt/lur -name __pycache__ -prune -exec rm -rf {} +

FROM build AS converter
COPY requirements/convert.lock requirements/
RUN /opt/lur/bin/pip install --extra-index-url https://download.pytorch.org/whl/cpu \
      -r requirements/convert.lock

# What comes with the source needs no converter; another profile is fetched and converted here.
FROM build AS models
ARG PROFILE
ENV PYTHONPATH=/app LUR_MODEL_CACHE=/models
COPY requirements/convert.lock requirements/
COPY service/ service/
RUN mkdir /models \
 && if [ "$PROFILE" != bundled ]; then \
      /opt/lur/bin/pip install --extra-index-url https://download.pytorch.org/whl/cpu \
        -r requirements/convert.lock \
      && /opt/lur/bin/python -m service.cli pull --profile "$PROFILE" \
      && rm -rf /models/hub /models/archives/*.zip /models/locks; \
    fi

# What both images are. The cache belongs to nobody in particular, so that any user id can fill it.
FROM ${PYTHON_IMAGE} AS base
LABEL org.opencontainers.image.title="Lur" \
      org.opencontainers.image.description="Summaries of English articles, and translations" \
      org.opencontainers.image.licenses="Apache-2.0"
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

FROM base AS full
ENV LUR_PROFILE=standard
COPY --from=converter /opt/lur /opt/lur
COPY model_cache/bundled /app/model_cache/bundled
COPY service/ /app/service/
VOLUME /var/lib/lur

FROM base AS serving
ARG PROFILE
ENV LUR_PROFILE=${PROFILE}
COPY --from=packages /opt/lur /opt/lur
COPY model_cache/bundled /app/model_cache/bundled
COPY --from=models --chown=10001:10001 /models /var/lib/lur
COPY service/ /app/service/
VOLUME /var/lib/lur
