// Shows the OpenAPI document of this service. A file, because the page may hold no inline script.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null, // it would send the document to a server of Swagger's makers
});
